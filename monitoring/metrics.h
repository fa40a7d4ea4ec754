// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace arno::monitoring {

/// Names and values of a metric's labels.
using Labels = std::map<std::string, std::string>;

/// What a metric is, in Prometheus' terms.
enum class MetricType { counter, gauge, histogram };
std::string_view to_string(MetricType type);

/// The declaration of a metric: where it is counted and where it is documented name this one
/// constant. Names follow Prometheus' conventions (base units, `_total` on counters).
struct MetricDef {
  MetricType type = MetricType::gauge;
  std::string_view name;
  std::string_view help;
  std::array<std::string_view, 4> labels{};  ///< names; empty ones count for nothing
};

/// A number that only grows. A cheap handle; adding is lock-free. One made by default counts
/// nothing.
class Counter {
 public:
  Counter() = default;
  void add(double amount = 1);
  double value() const;

 private:
  friend class MetricRegistry;
  explicit Counter(void* counter) : counter_(counter) {}
  void* counter_ = nullptr;
};

/// A number that goes up and down. A cheap handle; setting is lock-free. One made by default shows
/// nothing.
class Gauge {
 public:
  Gauge() = default;
  void set(double value);
  double value() const;

 private:
  friend class MetricRegistry;
  explicit Gauge(void* gauge) : gauge_(gauge) {}
  void* gauge_ = nullptr;
};

/// How values are spread over buckets. A cheap handle; observing is lock-free.
class Histogram {
 public:
  Histogram() = default;
  void observe(double value);

 private:
  friend class MetricRegistry;
  explicit Histogram(void* histogram) : histogram_(histogram) {}
  void* histogram_ = nullptr;
};

/// The metrics of a node, under Prometheus' naming conventions. Thread-safe. Handles stay valid as
/// long as the registry.
class MetricRegistry {
 public:
  /// `constant`: labels that every metric has besides its own.
  explicit MetricRegistry(Labels constant = {});
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // The same declaration and labels give the same metric. Throw invalid_argument when the labels
  // are not those of the declaration, it is of another type, or Prometheus does not allow its name.
  Counter counter(const MetricDef& def, const Labels& labels = {});
  Gauge gauge(const MetricDef& def, const Labels& labels = {});
  /// `bounds`: upper ends of the buckets, ascending; one more holds the rest.
  Histogram histogram(const MetricDef& def, const std::vector<double>& bounds,
                      const Labels& labels = {});

  /// Called before every collection, to set what is read rather than counted. It may not use
  /// to_text().
  void before_collection(std::function<void()> callback);

  /// Everything in Prometheus' text format.
  std::string to_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::monitoring
