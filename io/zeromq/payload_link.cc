// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/payload_link.h"

#include <thread>
#include <utility>

#include "common/error.h"
#include "io/zeromq/detail/link_thread.h"

namespace arno::io {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{10};
constexpr milliseconds kLongest = std::chrono::hours(24);

void check_time(const char* name, milliseconds found, milliseconds least) {
  ARNO_CHECK(found >= least && found <= kLongest, Errc::invalid_argument,
             "[payload] {} of {} ms, expected {} ms to a day", name, found.count(), least.count());
}

PayloadLinkOptions checked(PayloadLinkOptions options) {
  constexpr auto bad = Errc::invalid_argument;
  // Writing the hello checks both texts.
  encode_header({.name = options.node, .detail = options.job});
  ARNO_CHECK(options.on_message && options.on_peer, bad, "[payload] a handler is missing");
  ARNO_CHECK(options.max_part_bytes > 0 && options.max_peers > 0, bad,
             "[payload] parts of {} bytes of {} peers, expected at least 1", options.max_part_bytes,
             options.max_peers);
  check_time("cut_limit", options.cut_limit, kShortest);
  check_time("silence_limit", options.silence_limit, kShortest);
  check_time("linger", options.linger, std::chrono::milliseconds(0));
  return options;
}

}  // namespace

class PayloadLink::Impl {
 public:
  explicit Impl(PayloadLinkOptions options)
      : options_(checked(std::move(options))), sockets_(options_, mailbox_) {
    thread_ = std::thread([this] { sockets_.run(); });
  }
  ~Impl() {
    mailbox_.stop();
    thread_.join();
  }

  detail::LinkMailbox& mailbox() { return mailbox_; }
  const std::string& address() const { return sockets_.address(); }

 private:
  PayloadLinkOptions options_;
  detail::LinkMailbox mailbox_;
  detail::LinkThread sockets_;
  std::thread thread_;
};

PayloadLink::PayloadLink(PayloadLinkOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
PayloadLink::~PayloadLink() = default;

const std::string& PayloadLink::address() const { return impl_->address(); }

void PayloadLink::connect(const std::string& peer, const std::string& address) {
  impl_->mailbox().connect(peer, address);
}

bool PayloadLink::send(const std::string& peer, Message message) {
  const bool acknowledges = message.kind == MessageKind::acknowledge;
  const int32_t lane = message.lane;
  std::vector<SharedBytes> frames = detail::frames_of(std::move(message));
  return acknowledges ? impl_->mailbox().acknowledge(peer, lane, std::move(frames))
                      : impl_->mailbox().send(peer, std::move(frames));
}

void PayloadLink::drop(const std::string& peer, const std::string& reason) {
  impl_->mailbox().drop(peer, reason);
}

}  // namespace arno::io
