// SPDX-License-Identifier: Apache-2.0
#include "monitoring/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "common/error.h"

namespace arno::monitoring {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// The answer of a server on loopback to GET /metrics, up to `last` where that comes.
std::string get_metrics(int port, const std::string& last) {
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
    EXPECT_EQ(::send(client, request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    char buffer[4096];
    // The server keeps the connection for two seconds more.
    for (ssize_t n = 0; answer.find(last) == std::string::npos &&
                        (n = ::recv(client, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
  }
  ::close(client);
  return answer;
}

TEST(MetricRegistryTest, WritesPrometheusText) {
  MetricRegistry registry;
  registry.counter("arno_items_total", "Items.", {{"actor", "map"}}).add(2);
  registry.counter("arno_items_total", "Items.", {{"actor", "map"}}).add();
  registry.gauge("arno_queue", "Waiting.", {}).set(-1.5);
  Histogram histogram = registry.histogram("arno_step_seconds", "Steps.", {}, {0.5, 2});
  histogram.observe(1);
  histogram.observe(9);

  const std::string text = registry.to_text();

  EXPECT_THAT(text, HasSubstr("# HELP arno_items_total Items.\n# TYPE arno_items_total counter\n"
                              "arno_items_total{actor=\"map\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("arno_queue -1.5\n"));
  EXPECT_THAT(text, HasSubstr("arno_step_seconds_bucket{le=\"0.5\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("arno_step_seconds_bucket{le=\"2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("arno_step_seconds_bucket{le=\"+Inf\"} 2\n"));
}

TEST(MetricRegistryTest, RefusesBadNames) {
  MetricRegistry registry;
  registry.gauge("arno_queue", "Waiting.", {});

  EXPECT_THROW(registry.counter("arno items", "Items.", {}), Error);
  EXPECT_THROW(registry.counter("arno_items_total", "Items.", {{"a b", "x"}}), Error);
  EXPECT_THROW(registry.counter("arno_queue", "Waiting.", {}), Error);
  EXPECT_THROW(registry.histogram("arno_step_seconds", "Steps.", {}, {2, 2}), Error);
}

TEST(MetricRegistryTest, DefaultHandlesDoNothing) {
  Counter counter;
  counter.add();
  Gauge gauge;
  gauge.set(1);
  Histogram().observe(1);

  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(gauge.value(), 0);
}

TEST(MetricRegistryTest, CountsFromManyThreads) {
  MetricRegistry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Counter counter = registry.counter("arno_items_total", "Items.", {});
      for (int i = 0; i < 1000; ++i) counter.add();
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(registry.counter("arno_items_total", "Items.", {}).value(), 4000);
}

TEST(ExporterTest, ServesTheRegistryOnAFreePort) {
  MetricRegistry registry;
  const Exporter exporter(registry, "127.0.0.1:0");
  registry.counter("arno_items_total", "Items.", {}).add(7);

  ASSERT_GT(exporter.port(), 0);

  const std::string line = "arno_items_total 7\n";
  EXPECT_THAT(get_metrics(exporter.port(), line), HasSubstr(line));
}

TEST(ExporterTest, SaysWhenThePortIsTaken) {
  MetricRegistry registry;
  const Exporter first(registry, "127.0.0.1:0");
  const std::string address = "127.0.0.1:" + std::to_string(first.port());

  EXPECT_THAT(error_of([&] { Exporter(registry, address); }),
              HasSubstr("[exporter] cannot listen on " + address));
}

TEST(ExporterTest, RefusesAMalformedAddress) {
  MetricRegistry registry;
  for (const char* address : {"", "9464", "localhost", ":9464", "localhost:", "localhost:x",
                              "localhost:99999", "localhost:-1", "localhost:1 2", "a,b:80"}) {
    EXPECT_THAT(error_of([&] { Exporter(registry, address); }), HasSubstr("expected host:port"))
        << address;
  }
}

}  // namespace
}  // namespace arno::monitoring
