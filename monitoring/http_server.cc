// SPDX-License-Identifier: Apache-2.0
#include "monitoring/http_server.h"

#include <httplib.h>

#include <thread>

#include "common/error.h"
#include "common/host_port.h"

namespace arno::monitoring {
namespace {

constexpr int kConnectTimeout_s = 2;
constexpr size_t kMaxBody = 0;      // of a request: a GET has none
constexpr time_t kKeepAlive_s = 1;  // an idle connection holds a thread, and the end of the server
constexpr size_t kMaxReply = size_t{64} << 20;

HostPort parse_address(const std::string& text) {
  const std::optional<HostPort> out = parse_host_port(text);
  ARNO_CHECK(out, Errc::invalid_argument,
             "[http] found address \"{}\", expected host:port, such as 127.0.0.1:9464", text);
  return *out;
}

/// The host of a Host header, without port and brackets.
std::string host_of(const std::string& header) {
  if (header.starts_with('[')) return header.substr(1, header.find(']') - 1);
  return header.substr(0, header.find(':'));
}

void set_socket_options(socket_t socket) {
  // Not SO_REUSEPORT, the library's default: two jobs would share a port without a word.
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

const httplib::Headers kHeaders{
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}};

}  // namespace

struct HttpServer::Impl {
  void answer(const httplib::Request& request, httplib::Response& response) const {
    const auto route = routes.find(request.path);
    if (route == routes.end()) {
      response.status = 404;
      response.set_content("no such page\n", "text/plain");
      return;
    }
    HttpRequest asked{.host = host_of(request.get_header_value("Host"))};
    for (const auto& [name, value] : request.params) asked.query.emplace(name, value);
    const HttpReply reply = route->second(asked);
    response.status = reply.status;
    response.set_content(reply.body, reply.content_type);
  }

  std::map<std::string, Handler> routes;
  httplib::Server server;
  std::string address;
  std::thread thread;
};

HttpServer::HttpServer(const std::string& listen, std::map<std::string, Handler> routes)
    : impl_(std::make_unique<Impl>()) {
  const HostPort address = parse_address(listen);
  impl_->routes = std::move(routes);
  httplib::Server& server = impl_->server;
  server.set_socket_options(set_socket_options);
  server.set_default_headers(kHeaders);
  server.set_payload_max_length(kMaxBody);
  server.set_keep_alive_timeout(kKeepAlive_s);
  server.set_exception_handler([](const auto&, httplib::Response& response, auto) {
    response.status = 500;
    response.set_content("the job could not answer\n", "text/plain");
  });
  server.set_pre_routing_handler([loopback = is_loopback(address.host)](
                                     const httplib::Request& request, httplib::Response& response) {
    if (!loopback || is_loopback(host_of(request.get_header_value("Host")))) {
      return httplib::Server::HandlerResponse::Unhandled;
    }
    response.status = 403;
    response.set_content("this port answers on loopback only\n", "text/plain");
    return httplib::Server::HandlerResponse::Handled;
  });
  server.Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
    impl_->answer(request, response);
  });
  const int port = address.port == 0 ? server.bind_to_any_port(address.host)
                   : server.bind_to_port(address.host, address.port) ? address.port
                                                                     : -1;
  ARNO_CHECK(port > 0, Errc::io_failed, "[http] cannot listen on {}, it may be taken", listen);
  impl_->address = fmt::format("{}:{}", address.shown_host, port);
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  // stop() is heard only by a server that runs.
  while (!server.is_running()) std::this_thread::yield();
}

HttpServer::~HttpServer() {
  impl_->server.stop();
  impl_->thread.join();
}

const std::string& HttpServer::address() const { return impl_->address; }

HttpReply http_get(const std::string& address, const std::string& path) {
  const HostPort parsed = parse_address(address);
  httplib::Client client(parsed.host, parsed.port);
  client.set_connection_timeout(kConnectTimeout_s);
  client.set_read_timeout(kConnectTimeout_s);
  std::string body;
  const httplib::Result result = client.Get(path, [&body](const char* bytes, size_t count) {
    body.append(bytes, count);
    return body.size() <= kMaxReply;
  });
  ARNO_CHECK(result, Errc::comm_failed, "[http] no answer from {}: {}", address,
             httplib::to_string(result.error()));
  return {.status = result->status,
          .content_type = result->get_header_value("Content-Type"),
          .body = std::move(body)};
}

}  // namespace arno::monitoring
