// SPDX-License-Identifier: Apache-2.0
#include "monitoring/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/problem_of.h"

namespace arno::monitoring {
namespace {

using arno::testing::problem_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

HttpServer::Handler text(const std::string& body) {
  return [body](const HttpRequest&) { return HttpReply{200, "text/plain", body}; };
}

/// What a server on loopback answers to these very bytes.
std::string raw_answer(const std::string& address, const std::string& request) {
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
    EXPECT_EQ(::send(client, request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(client, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
  }
  ::close(client);
  return answer;
}

TEST(HttpServerTest, AnswersItsRoutesOnAFreePort) {
  const HttpServer server("127.0.0.1:0", {{"/a", text("the answer")}});

  EXPECT_EQ(http_get(server.address(), "/a").body, "the answer");
  EXPECT_EQ(http_get(server.address(), "/a").content_type, "text/plain");
  EXPECT_EQ(http_get(server.address(), "/b").status, 404);
}

TEST(HttpServerTest, HandsOverTheQuery) {
  const HttpServer server("127.0.0.1:0", {{"/a", [](const HttpRequest& request) {
                                             return HttpReply{.body = request.query.at("after")};
                                           }}});

  EXPECT_EQ(http_get(server.address(), "/a?after=12%20x").body, "12 x");
  EXPECT_EQ(http_get(server.address(), "/a").status, 500);
}

TEST(HttpServerTest, OnlyReads) {
  const HttpServer server("127.0.0.1:0", {{"/a", text("the answer")}});
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const std::string answer =
        raw_answer(server.address(), std::string(method) +
                                         " /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                                         "Connection: close\r\n\r\n");
    EXPECT_THAT(answer, Not(HasSubstr("the answer"))) << method;
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << method;
  }
}

TEST(HttpServerTest, KnowsItsOwnHostOnly) {
  const HttpServer server("127.0.0.1:0", {{"/a", text("the answer")}});
  const auto with_host = [&](const std::string& host) {
    return raw_answer(server.address(),
                      "GET /a HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  };
  EXPECT_THAT(with_host("localhost:80"), HasSubstr("the answer"));
  EXPECT_THAT(with_host("[::1]:80"), HasSubstr("the answer"));
  EXPECT_THAT(with_host("evil.example"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(with_host("127.evil.example"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(with_host(""), StartsWith("HTTP/1.1 403"));
}

TEST(HttpServerTest, SurvivesGarbage) {
  const HttpServer server("127.0.0.1:0", {{"/a", text("the answer")}});
  for (const std::string& bytes :
       {std::string("\0\1\2\3\r\n\r\n", 8), std::string("GET\r\n\r\n"),
        "GET /" + std::string(20000, 'a') + " HTTP/1.1\r\n\r\n",
        std::string(
            "GET /%zz?%=&&==;% HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")}) {
    raw_answer(server.address(), bytes);
  }
  EXPECT_EQ(http_get(server.address(), "/a").body, "the answer");
}

TEST(HttpServerTest, SaysWhenThePortIsTaken) {
  const HttpServer first("127.0.0.1:0", {});

  EXPECT_THAT(problem_of(Errc::io_failed, [&] { HttpServer(first.address(), {}); }),
              HasSubstr("[http] cannot listen on " + first.address()));
}

TEST(HttpServerTest, RefusesAMalformedAddress) {
  for (const char* address : {"", "9464", "localhost", ":9464", "localhost:", "localhost:x",
                              "localhost:99999", "localhost:-1", "localhost:1 2", "a,b:80"}) {
    EXPECT_THAT(problem_of(Errc::invalid_argument, [&] { HttpServer(address, {}); }),
                HasSubstr("expected host:port"))
        << address;
  }
}

TEST(HttpGetTest, SaysWhoDoesNotAnswer) {
  std::string address;
  {
    const HttpServer server("127.0.0.1:0", {});
    address = server.address();
  }
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { http_get(address, "/"); }),
              HasSubstr("no answer from " + address));
}

}  // namespace
}  // namespace arno::monitoring
