// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace arno::monitoring {

struct HttpRequest {
  std::string host;  ///< by which name the client reached the server; empty when it did not say
  std::map<std::string, std::string> query;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// Answers GET and HEAD on fixed paths; every other path is 404. Read-only by its make. On a
/// loopback address it answers only requests that name a loopback host, so that no page of another
/// site can reach it through a name of its own (DNS rebinding).
class HttpServer {
 public:
  /// Called from several threads at once.
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  /// `listen`: "host:port", "[::1]:port" for IPv6; port 0 takes a free one. Serves from here on.
  /// Throws invalid_argument for a malformed address, io_failed when it cannot be had.
  HttpServer(const std::string& listen, std::map<std::string, Handler> routes);
  /// Ends after the replies that are under way, and within a second or so of idle connections.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "host:port" with the port that was taken.
  const std::string& address() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// GET http://<address><path>. Throws comm_failed, naming the address, when nobody answers within
/// two seconds, or the answer is none or larger than 64 MiB.
HttpReply http_get(const std::string& address, const std::string& path);

}  // namespace arno::monitoring
