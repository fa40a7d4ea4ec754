// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/tls.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>

#include "common/log.h"
#include "common/tcp_socket.h"
#include "tests/support/key_files.h"
#include "tests/support/problem_of.h"
#include "tests/support/replicas.h"

namespace arno::ops {
namespace {

using arno::testing::KeyFiles;
using arno::testing::on_each_rank;
using arno::testing::problem_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

/// Stands on the way to somebody who listens: notes and may change what goes by.
class Eavesdropper {
 public:
  explicit Eavesdropper(const HostPort& listener)
      : listener_(listener), thread_([this] { carry(); }) {}
  ~Eavesdropper() { join(); }

  std::string address() const { return fmt::format("127.0.0.1:{}", entry_.local().port); }
  /// From so many bytes on, one of them arrives as another.
  void falsify_from(size_t bytes) { falsify_from_ = bytes; }
  /// What went by, once both ends are gone.
  const std::string& join() {
    if (thread_.joinable()) thread_.join();
    return heard_;
  }

 private:
  void carry() {
    std::optional<TcpSocket> ends[2] = {entry_.accept(soon()), std::nullopt};
    if (!ends[0]) return;
    ends[1] = TcpSocket::connect_to(listener_, soon());
    for (;;) {
      pollfd waiting[2] = {{ends[0]->fd(), POLLIN, 0}, {ends[1]->fd(), POLLIN, 0}};
      if (!wait_for_any(waiting, soon())) return;
      for (const int from : {0, 1}) {
        if (waiting[from].revents != 0 && !pass(*ends[from], *ends[1 - from])) return;
      }
    }
  }

  bool pass(const TcpSocket& from, const TcpSocket& to) {
    char bytes[16384];
    const ssize_t count = ::recv(from.fd(), bytes, sizeof(bytes), 0);
    if (count <= 0) return false;
    if (heard_.size() + count > falsify_from_) bytes[count - 1] ^= 1;
    heard_.append(bytes, count);
    for (ssize_t sent = 0; sent < count;) {
      pollfd waiting{to.fd(), POLLOUT, 0};
      if (!wait_for_any({&waiting, 1}, soon())) return false;
      const ssize_t more = ::send(to.fd(), bytes + sent, count - sent, MSG_NOSIGNAL);
      if (more < 0) return false;
      sent += more;
    }
    return true;
  }

  HostPort listener_;
  TcpSocket entry_ = TcpSocket::listen_on("127.0.0.1");
  std::string heard_;
  std::atomic<size_t> falsify_from_ = SIZE_MAX;
  std::thread thread_;
};

/// Two members, the second of which reaches the first by way of an eavesdropper.
class TlsTest : public ::testing::Test {
 protected:
  /// A store that says the first member is somewhere else.
  class Rerouted final : public Store {
   public:
    explicit Rerouted(TlsTest& test) : test_(test) {}
    void put(const std::string& key, std::vector<char> value) override {
      test_.store_->put(key, std::move(value));
    }
    std::optional<std::vector<char>> get(const std::string& key,
                                         std::chrono::milliseconds patience) override {
      const auto real = test_.store_->get(key, patience);
      const auto address = parse_host_port(std::string(real->begin(), real->end()));
      test_.between_ = std::make_unique<Eavesdropper>(*address);
      const std::string other = test_.between_->address();
      return std::vector<char>(other.begin(), other.end());
    }

   private:
    TlsTest& test_;
  };

  void form() {
    Rerouted rerouted(*this);
    on_each_rank(2, [&](int64_t rank) {
      group_[rank] =
          tls_communicator(rank == 0 ? *store_ : rerouted, {.rank = rank, .size = 2}, key_.tls());
    });
  }

  KeyFiles key_;
  std::shared_ptr<Store> store_ = memory_store();
  std::unique_ptr<Eavesdropper> between_;
  std::shared_ptr<Communicator> group_[2];
};

TEST_F(TlsTest, NothingOfATensorIsSeenOnTheWay) {
  constexpr int64_t kValues = 10'000;
  const std::string marker(64, 'G');  // 16 values
  float value = 0;
  std::copy_n(marker.data(), sizeof(value), reinterpret_cast<char*>(&value));
  form();

  on_each_rank(2, [&](int64_t rank) {
    const Tensor all = group_[rank]->all_gather(Tensor::full({1, kValues}, DType::f32, value));
    EXPECT_EQ(all.data<float>()[2 * kValues - 1], value);
    EXPECT_THAT(std::string(reinterpret_cast<const char*>(all.raw()), marker.size()), marker);
    group_[rank].reset();
  });

  const std::string& heard = between_->join();
  EXPECT_GE(heard.size(), 2 * kValues * sizeof(float));
  EXPECT_THAT(heard, Not(HasSubstr(marker)));
}

TEST_F(TlsTest, WhatWasChangedOnTheWayIsNotTaken) {
  form();
  between_->falsify_from(10'000);

  on_each_rank(2, [&](int64_t rank) {
    Tensor values = Tensor::zeros({100'000}, DType::f32);
    EXPECT_THAT(problem_of(Errc::comm_failed, [&] { group_[rank]->all_reduce(values); }),
                HasSubstr(fmt::format("rank {} of 2 is gone", 1 - rank)));
    group_[rank].reset();
  });
}

TEST_F(TlsTest, AMemberWithAnotherKeyIsRefusedOnBothSides) {
  const KeyFiles other;
  std::string warnings;
  auto before =
      log::set_sink([&](log::Level, std::string_view, std::string_view text) { warnings += text; });
  std::string problems[2];

  on_each_rank(2, [&](int64_t rank) {
    problems[rank] = problem_of(Errc::comm_failed, [&] {
      tls_communicator(*store_, {.rank = rank, .size = 2, .comm = {.deadline_ms = 500}},
                       rank == 0 ? key_.tls() : other.tls());
    });
  });
  log::set_sink(std::move(before));

  EXPECT_THAT(problems[0], AllOf(HasSubstr("a member did not connect to rank 0 of 2 in time"),
                                 HasSubstr("refused 127.0.0.1:")));
  EXPECT_THAT(problems[1], AllOf(HasSubstr("rank 0 of 2 at 127.0.0.1:"),
                                 HasSubstr("is not reached with this key (by rank 1)")));
  EXPECT_THAT(warnings, HasSubstr("a connection to rank 0 of 2 was refused: 127.0.0.1:"));
}

TEST_F(TlsTest, StrangersKeepNoGroupFromForming) {
  auto before = log::set_sink([](log::Level, std::string_view, std::string_view) {});
  std::shared_ptr<Communicator> first;
  std::thread joining(
      [&] { first = tls_communicator(*store_, {.rank = 0, .size = 2}, key_.tls()); });
  const auto text = store_->get("0", std::chrono::seconds(20));
  const auto address = parse_host_port(std::string(text->begin(), text->end()));
  std::vector<TcpSocket> silent;
  for (int i = 0; i < 6; ++i) silent.push_back(TcpSocket::connect_to(*address, soon()));
  const TcpSocket rude = TcpSocket::connect_to(*address, soon());
  const std::string words = "GET / HTTP/1.1\r\n\r\n";
  ::send(rude.fd(), words.data(), words.size(), MSG_NOSIGNAL);
  { const TcpSocket gone = TcpSocket::connect_to(*address, soon()); }

  const auto second = tls_communicator(*store_, {.rank = 1, .size = 2}, key_.tls());
  joining.join();
  log::set_sink(std::move(before));

  on_each_rank(2, [&](int64_t rank) { (rank == 0 ? first : second)->barrier(); });
}

TEST_F(TlsTest, RankThatDoesNotComeIsNamed) {
  EXPECT_THAT(problem_of(Errc::comm_failed,
                         [&] {
                           tls_communicator(*store_,
                                            {.rank = 0, .size = 2, .comm = {.deadline_ms = 50}},
                                            key_.tls());
                         }),
              HasSubstr("rank 1 of 2 did not come within 50 ms"));
}

TEST_F(TlsTest, FilesThatAreNoKeyAreRefused) {
  const auto join = [&](const TlsFiles& files) {
    return problem_of(Errc::config_invalid,
                      [&] { tls_communicator(*store_, {.rank = 0, .size = 2}, files); });
  };
  const TlsFiles good = key_.tls();
  EXPECT_THAT(join({good.private_key, good.private_key}),
              HasSubstr(good.private_key + ": expected a certificate in PEM"));
  EXPECT_THAT(join({good.certificate, KeyFiles().tls().private_key}),
              HasSubstr("expected the key of the certificate"));
  EXPECT_THAT(join({"none", "none"}), HasSubstr("none: expected a certificate in PEM"));
}

TEST_F(TlsTest, AddressThatIsNotOursIsRefused) {
  const auto join = [&](const std::string& address) {
    tls_communicator(*store_, {.rank = 0, .size = 2, .address = address}, key_.tls());
  };
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { join("203.0.113.7"); }),
              HasSubstr("listening at 203.0.113.7:0"));
  EXPECT_THAT(problem_of(Errc::invalid_argument, [&] { join("no such host"); }),
              HasSubstr("found address \"no such host\", expected a numeric one"));
}

}  // namespace
}  // namespace arno::ops
