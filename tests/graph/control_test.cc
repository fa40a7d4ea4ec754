// SPDX-License-Identifier: Apache-2.0
#include "graph/control.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <optional>
#include <semaphore>
#include <thread>

#include "common/error.h"

namespace arno::graph {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// Answers with what it was asked; the order "wait" only when it is let go.
class ControlTest : public ::testing::Test {
 protected:
  std::string call(const std::string& verb, const std::string& name = "") const {
    return call_control(address_, {.verb = verb, .name = name}, kPatience);
  }
  std::future<std::string> order(const std::string& name) const {
    return std::async(std::launch::async, [this, name] { return call("order", name); });
  }

  /// "code: text" of what a call throws.
  static std::string error_of(std::future<std::string>& call) {
    try {
      return "no error: " + call.get();
    } catch (const Error& error) {
      return fmt::format("{}: {}", to_string(error.code()), error.what());
    }
  }

  std::promise<void> begun_;
  std::promise<void> let_go_;
  std::counting_semaphore<> come_{0};  ///< of orders
  std::mutex mutex_;
  std::vector<std::string> done_;
  std::optional<ControlServer> server_{
      std::in_place, "127.0.0.1:0",
      [this](const ControlRequest& request) { return handle(request); },
      [this](const ControlRequest& request) {
        const bool is_order = request.verb == "order";
        if (is_order) come_.release();
        return is_order;
      }};
  const std::string address_ = server_->address();

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

TEST_F(ControlTest, WhatWaitsAtTheEndIsAnsweredAndNotCarriedOut) {
  std::future<std::string> first = order("wait");
  begun_.get_future().wait();
  std::future<std::string> second = order("next");
  std::future<std::string> third = order("last");
  for (int i = 0; i < 3; ++i) come_.acquire();

  // The order that is under way holds up the end, but not the refusal of the others.
  std::thread after_refusals([&] {
    for (std::future<std::string>* waits : {&second, &third}) {
      EXPECT_EQ(error_of(*waits), "cancelled: the order was not begun: the job is ending");
    }
    let_go_.set_value();
  });
  server_.reset();
  after_refusals.join();

  EXPECT_EQ(first.get(), "orderwait");
  EXPECT_EQ(done_, (std::vector<std::string>{"orderwait"}));
}

TEST_F(ControlTest, WhatFailsIsTheAnswer) {
  for (const std::string verb : {"order", "status"}) {
    std::future<std::string> bad =
        std::async(std::launch::async, [&] { return call(verb, "bad"); });
    EXPECT_EQ(error_of(bad), "config_invalid: found a bad " + verb);
  }
}

}  // namespace
}  // namespace arno::graph
