// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/detail/tls_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/error.h"

namespace arno::ops::detail {
namespace {

/// What OpenSSL has to say about the last failure of this thread.
std::string reason() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return errno == 0 ? "the other end closed it" : std::strerror(errno);
  const char* text = ERR_reason_error_string(code);
  return text ? text : fmt::format("OpenSSL's error {}", code);
}

void check_file(bool good, const std::string& path, const char* expected) {
  ARNO_CHECK(good, Errc::config_invalid, "{}: expected {}: {}", path, expected, reason());
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsConnection::Free::operator()(ssl_st* connection) const { SSL_free(connection); }

TlsContext::TlsContext(const TlsFiles& files) : context_(SSL_CTX_new(TLS_method())) {
  ARNO_CHECK(context_, Errc::library_failed, "[tls] making a context: {}", reason());
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A connection is made once: nothing to resume.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  ERR_clear_error();
  const char* certificate = files.certificate.c_str();
  check_file(SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) == 1 &&
                 SSL_CTX_load_verify_locations(context, certificate, nullptr) == 1,
             files.certificate, "a certificate in PEM");
  check_file(SSL_CTX_use_PrivateKey_file(context, files.private_key.c_str(), SSL_FILETYPE_PEM) == 1,
             files.private_key, "the key of the certificate in PEM");
}

TlsConnection::TlsConnection(const TlsContext& context, TcpSocket socket, End end,
                             Deadline deadline)
    : socket_(std::move(socket)), connection_(SSL_new(context.get())) {
  ARNO_CHECK(connection_ && SSL_set_fd(connection_.get(), socket_.fd()) == 1, Errc::library_failed,
             "[tls] making a connection: {}", reason());
  if (end == End::connects) {
    SSL_set_connect_state(connection_.get());
  } else {
    SSL_set_accept_state(connection_.get());
  }
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(connection_.get());
    if (result == 1) return;
    await(events_after(result), deadline);
  }
}

/// What to wait for after a call that could not go on.
short TlsConnection::events_after(int result) const {
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return POLLIN;
    case SSL_ERROR_WANT_WRITE:
      return POLLOUT;
    default:
      fail(Errc::comm_failed, "{}", reason());
  }
}

void TlsConnection::await(short events, Deadline deadline) const {
  pollfd waiting{.fd = socket_.fd(), .events = events, .revents = 0};
  ARNO_CHECK(wait_for_any({&waiting, 1}, deadline), Errc::comm_failed, "no answer in time");
}

size_t TlsConnection::read_some(std::span<std::byte> into) {
  ERR_clear_error();
  errno = 0;
  size_t bytes = 0;
  const int result = SSL_read_ex(connection_.get(), into.data(), into.size(), &bytes);
  if (result != 1) read_events_ = events_after(result);
  return bytes;
}

size_t TlsConnection::write_some(std::span<const std::byte> from) {
  ERR_clear_error();
  errno = 0;
  size_t bytes = 0;
  const int result = SSL_write_ex(connection_.get(), from.data(), from.size(), &bytes);
  if (result != 1) write_events_ = events_after(result);
  return bytes;
}

void TlsConnection::read_all(std::span<std::byte> into, Deadline deadline) {
  while (!into.empty()) {
    const size_t bytes = read_some(into);
    if (bytes == 0) await(read_events_, deadline);
    into = into.subspan(bytes);
  }
}

void TlsConnection::write_all(std::span<const std::byte> from, Deadline deadline) {
  while (!from.empty()) {
    const size_t bytes = write_some(from);
    if (bytes == 0) await(write_events_, deadline);
    from = from.subspan(bytes);
  }
}

}  // namespace arno::ops::detail
