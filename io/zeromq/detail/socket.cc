// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "common/error.h"

namespace arno::io::detail {
namespace {

// Below it a copy costs less than a handle.
constexpr size_t kShareFrom = 4096;  // bytes

void check(bool good, std::string_view doing) {
  if (!good) fail_zmq(doing);
}

/// Owns a message of ZeroMQ for as long as its bytes are in use.
struct HeldMessage {
  zmq_msg_t message;
  HeldMessage() { zmq_msg_init(&message); }
  HeldMessage(const HeldMessage&) = delete;
  HeldMessage& operator=(const HeldMessage&) = delete;
  ~HeldMessage() { zmq_msg_close(&message); }
};

void release_owner(void*, void* owner) { delete static_cast<std::shared_ptr<const void>*>(owner); }

void fill(zmq_msg_t& message, const SharedBytes& part) {
  if (part.size() < kShareFrom) {
    check(zmq_msg_init_size(&message, part.size()) == 0, "making a part");
    std::ranges::copy(part.span(), static_cast<std::byte*>(zmq_msg_data(&message)));
    return;
  }
  auto owner = std::make_unique<std::shared_ptr<const void>>(part.owner());
  check(zmq_msg_init_data(&message, const_cast<std::byte*>(part.span().data()), part.size(),
                          release_owner, owner.get()) == 0,
        "making a part");
  owner.release();  // NOLINT(bugprone-unused-return-value): the message has it now
}

}  // namespace

void fail_zmq(std::string_view doing) {
  fail(Errc::comm_failed, "[payload] {}: {}", doing, zmq_strerror(zmq_errno()));
}

ZmqContext::ZmqContext(int max_sockets) : context_(zmq_ctx_new()) {
  check(context_ != nullptr, "making a context");
  zmq_ctx_set(context_, ZMQ_MAX_SOCKETS, max_sockets);
}

ZmqContext::~ZmqContext() {
  while (zmq_ctx_term(context_) != 0 && zmq_errno() == EINTR) {
  }
}

ZmqSocket::ZmqSocket(const ZmqContext& context, int type)
    : socket_(zmq_socket(context.get(), type)) {
  check(socket_ != nullptr, "making a socket");
  size_t size = sizeof wake_up_;
  check(zmq_getsockopt(socket_, ZMQ_FD, &wake_up_, &size) == 0, "asking for a descriptor");
}

ZmqSocket::~ZmqSocket() { zmq_close(socket_); }

void ZmqSocket::set(int option, int value) {
  check(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "setting an option");
}

void ZmqSocket::set(int option, int64_t value) {
  check(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "setting an option");
}

void ZmqSocket::set(int option, const std::string& value) {
  check(zmq_setsockopt(socket_, option, value.c_str(), value.size()) == 0, "setting an option");
}

void ZmqSocket::bind(const std::string& address) {
  check(zmq_bind(socket_, address.c_str()) == 0, fmt::format("listening at {}", address));
}

void ZmqSocket::connect(const std::string& address) {
  check(zmq_connect(socket_, address.c_str()) == 0, fmt::format("connecting to {}", address));
}

std::string ZmqSocket::endpoint() const {
  std::array<char, 256> text{};
  size_t size = text.size();
  check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0, "asking for the port");
  return text.data();
}

std::optional<Received> receive(const ZmqSocket& socket, size_t max_parts) {
  Received out;
  for (bool more = true; more;) {
    const auto held = std::make_shared<HeldMessage>();
    int result = -1;
    do {
      result = zmq_msg_recv(&held->message, socket.get(), ZMQ_DONTWAIT);
    } while (result < 0 && zmq_errno() == EINTR);
    if (result < 0) {
      check(zmq_errno() == EAGAIN, "receiving");
      return std::nullopt;
    }
    more = zmq_msg_more(&held->message) != 0;
    out.fd = zmq_msg_get(&held->message, ZMQ_SRCFD);
    if (out.parts.size() == max_parts) {
      out.too_many = true;
      continue;
    }
    const auto* data = static_cast<const std::byte*>(zmq_msg_data(&held->message));
    out.parts.emplace_back(held, std::span(data, zmq_msg_size(&held->message)));
  }
  return out;
}

bool send(const ZmqSocket& socket, const std::vector<SharedBytes>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    HeldMessage held;
    fill(held.message, parts[i]);
    const int more = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    int result = -1;
    do {
      result = zmq_msg_send(&held.message, socket.get(), ZMQ_DONTWAIT | more);
    } while (result < 0 && zmq_errno() == EINTR);
    if (result < 0) {
      check(zmq_errno() == EHOSTUNREACH || zmq_errno() == EAGAIN, "sending");
      return false;
    }
  }
  return true;
}

SharedBytes part_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return SharedBytes::of({bytes.begin(), bytes.end()});
}

std::string text_of(const SharedBytes& part) {
  return {reinterpret_cast<const char*>(part.span().data()), part.size()};
}

}  // namespace arno::io::detail
