// SPDX-License-Identifier: Apache-2.0
#include "graph/control.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "common/error.h"

namespace arno::graph {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// Answers with what it was asked; an order "wait" only when it is let go.
class ControlTest : public ::testing::Test {
 protected:
  std::string call(const std::string& verb, const std::string& name = "") const {
    return call_control(server_.address(), {.verb = verb, .name = name}, kPatience);
  }
  std::future<std::string> order(const std::string& name) const {
    return std::async(std::launch::async, [this, name] { return call("order", name); });
  }

  std::promise<void> begun_;
  std::promise<void> let_go_;
  std::mutex mutex_;
  std::vector<std::string> done_;
  ControlServer server_{"127.0.0.1:0",
                        [this](const ControlRequest& request) { return handle(request); },
                        [](const ControlRequest& request) { return request.verb == "order"; }};

 private:
  std::string handle(const ControlRequest& request) {
    if (request.name == "wait") {
      begun_.set_value();
      let_go_.get_future().wait();
    }
    ARNO_CHECK(request.name != "bad", Errc::config_invalid, "found a bad {}", request.verb);
    const std::scoped_lock lock(mutex_);
    done_.push_back(request.verb + request.name);
    return done_.back();
  }
};

TEST_F(ControlTest, QuestionsDoNotWaitForOrdersWhichWaitForEachOther) {
  std::future<std::string> first = order("wait");
  begun_.get_future().wait();
  std::future<std::string> second = order("next");

  EXPECT_EQ(call("status"), "status");

  let_go_.set_value();
  EXPECT_EQ(first.get(), "orderwait");
  EXPECT_EQ(second.get(), "ordernext");
  const std::scoped_lock lock(mutex_);
  EXPECT_EQ(done_, (std::vector<std::string>{"status", "orderwait", "ordernext"}));
}

TEST_F(ControlTest, WhatFailsIsTheAnswer) {
  for (const char* verb : {"order", "status"}) {
    try {
      call(verb, "bad");
      FAIL() << "it failed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::config_invalid);
      EXPECT_EQ(error.what(), std::string("found a bad ") + verb);
    }
  }
}

}  // namespace
}  // namespace arno::graph
