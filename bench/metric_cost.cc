// SPDX-License-Identifier: Apache-2.0

// What an actor's metrics cost: all that is counted, set and timed for one item that it handles
// and sends on. `with` has the metrics of a registry, `without` handles that count nothing and no
// clock. Prints {"rates": [...]} in items a second.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "graph/shell_times.h"
#include "monitoring/metrics.h"

namespace {

using namespace arno;
using Clock = graph::ShellTimes::Clock;
using monitoring::MetricDef;

struct Metrics {
  monitoring::Counter items, sent, bytes, edge_items, edge_bytes;
  monitoring::Gauge queued, in_flight;
};

MetricDef counter_def(std::string_view name) {
  return {monitoring::MetricType::counter, name, "bench"};
}
MetricDef gauge_def(std::string_view name) {
  return {monitoring::MetricType::gauge, name, "bench"};
}

Metrics counted_by(monitoring::MetricRegistry& registry) {
  return {.items = registry.counter(counter_def("arno_bench_items_total")),
          .sent = registry.counter(counter_def("arno_bench_sent_total")),
          .bytes = registry.counter(counter_def("arno_bench_bytes_total")),
          .edge_items = registry.counter(counter_def("arno_bench_edge_items_total")),
          .edge_bytes = registry.counter(counter_def("arno_bench_edge_bytes_total")),
          .queued = registry.gauge(gauge_def("arno_bench_queued")),
          .in_flight = registry.gauge(gauge_def("arno_bench_in_flight"))};
}

void publish(Metrics& metrics, double bytes) {
  metrics.items.add();
  metrics.sent.add();
  metrics.bytes.add(bytes);
  metrics.edge_items.add();
  metrics.edge_bytes.add(bytes);
  metrics.queued.set(bytes);
  metrics.in_flight.set(bytes);
}

double seconds_of(int64_t items, Metrics metrics, graph::ShellTimes* times) {
  const auto start = Clock::now();
  for (int64_t i = 0; i < items; ++i) {
    if (times) {
      times->enter(graph::Activity::busy, Clock::now());
      times->enter(graph::Activity::starved, Clock::now());
    }
    publish(metrics, static_cast<double>(i));
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the metric benchmark.");
  std::string side;
  int64_t items = 1'000'000;
  int repeats = 3;
  app.add_option("side", side)->required()->check(CLI::IsMember({"with", "without"}));
  app.add_option("--items", items);
  app.add_option("--repeats", repeats);
  CLI11_PARSE(app, argc, argv);
  monitoring::MetricRegistry registry;
  graph::ShellTimes times;
  std::vector<double> rates;
  for (int i = 0; i < repeats; ++i) {
    const double seconds = side == "with" ? seconds_of(items, counted_by(registry), &times)
                                          : seconds_of(items, Metrics(), nullptr);
    rates.push_back(static_cast<double>(items) / seconds);
  }
  fmt::print("{{\"rates\": [{}]}}\n", fmt::join(rates, ", "));
  return 0;
}
