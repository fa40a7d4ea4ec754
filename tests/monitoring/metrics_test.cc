// SPDX-License-Identifier: Apache-2.0
#include "monitoring/metrics.h"

#include <gmock/gmock.h>

#include <thread>

#include "common/error.h"
#include "monitoring/process_metrics.h"

namespace arno::monitoring {
namespace {

using ::testing::HasSubstr;

constexpr MetricDef kItems{MetricType::counter, "arno_items_total", "Items.", {"actor"}};
constexpr MetricDef kQueue{MetricType::gauge, "arno_queue", "Waiting."};
constexpr MetricDef kStep{MetricType::histogram, "arno_step_seconds", "Steps."};

TEST(MetricRegistryTest, WritesPrometheusText) {
  MetricRegistry registry;
  registry.counter(kItems, {{"actor", "map"}}).add(2);
  registry.counter(kItems, {{"actor", "map"}}).add();
  registry.gauge(kQueue).set(-1.5);
  Histogram histogram = registry.histogram(kStep, {0.5, 2});
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
  registry.gauge(kQueue);

  const MetricDef spaced{MetricType::counter, "arno items", "Items."};
  EXPECT_THROW(registry.counter(spaced), Error);
  const MetricDef as_counter{MetricType::counter, "arno_queue", "Waiting."};
  EXPECT_THROW(registry.counter(as_counter), Error);
  EXPECT_THROW(registry.counter(kQueue), Error);
  EXPECT_THROW(registry.histogram(kStep, {2, 2}), Error);
}

TEST(MetricRegistryTest, HoldsTheLabelsToTheDeclaration) {
  MetricRegistry registry;

  EXPECT_THROW(registry.counter(kItems), Error);
  EXPECT_THROW(registry.counter(kItems, {{"kind", "map"}}), Error);
  EXPECT_THROW(registry.counter(kItems, {{"actor", "map"}, {"kind", "map"}}), Error);
}

TEST(MetricRegistryTest, GivesEveryMetricTheConstantLabels) {
  MetricRegistry registry(Labels{{"job", "demo"}});
  registry.gauge(kQueue).set(1);

  EXPECT_THAT(registry.to_text(), HasSubstr("arno_queue{job=\"demo\"} 1\n"));
}

TEST(MetricRegistryTest, AsksForWhatIsReadAtCollection) {
  MetricRegistry registry;
  Gauge queue = registry.gauge(kQueue);
  double value = 1;
  registry.before_collection([&, queue]() mutable { queue.set(value); });
  registry.to_text();
  value = 2;

  EXPECT_THAT(registry.to_text(), HasSubstr("arno_queue 2\n"));
}

TEST(ProcessMetricsTest, ReadsTheProcess) {
  MetricRegistry registry;
  add_process_metrics(registry);
  const std::string text = registry.to_text();

  for (const MetricDef& def : process_metric_defs()) {
    const std::string line = "\n" + std::string(def.name) + " ";
    const size_t at = text.find(line);
    ASSERT_NE(at, std::string::npos) << def.name;
    EXPECT_GT(std::stod(text.substr(at + line.size())), 0) << def.name;
  }
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
      Counter counter = registry.counter(kItems, {{"actor", "map"}});
      for (int i = 0; i < 1000; ++i) counter.add();
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(registry.counter(kItems, {{"actor", "map"}}).value(), 4000);
}

}  // namespace
}  // namespace arno::monitoring
