// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "common/tcp_socket.h"
#include "ops/comm/tls.h"

struct ssl_ctx_st;  // of OpenSSL
struct ssl_st;

namespace arno::ops::detail {

/// What a member shows to the others, and what they have to show.
class TlsContext {
 public:
  /// Throws config_invalid for files that are no certificate and its key.
  explicit TlsContext(const TlsFiles& files);

  ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

/// A connection whose ends have shown each other the same certificate. For one thread.
class TlsConnection {
 public:
  enum class End { connects, accepts };

  /// Throws comm_failed when the other end cannot show the certificate in time.
  TlsConnection(const TlsContext& context, TcpSocket socket, End end, Deadline deadline);

  // What can be read or written without waiting, in bytes; 0 when that is nothing, and then the
  // events() below say what to wait for. Throw comm_failed when the connection has ended.
  size_t read_some(std::span<std::byte> into);
  size_t write_some(std::span<const std::byte> from);
  short read_events() const { return read_events_; }
  short write_events() const { return write_events_; }

  // All of it. Throw comm_failed when it takes longer.
  void read_all(std::span<std::byte> into, Deadline deadline);
  void write_all(std::span<const std::byte> from, Deadline deadline);

  const TcpSocket& socket() const { return socket_; }

 private:
  struct Free {
    void operator()(ssl_st* connection) const;
  };
  short events_after(int result) const;
  void await(short events, Deadline deadline) const;

  TcpSocket socket_;
  std::unique_ptr<ssl_st, Free> connection_;
  short read_events_ = POLLIN;
  short write_events_ = POLLOUT;
};

}  // namespace arno::ops::detail
