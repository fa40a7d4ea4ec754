// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace arno::monitoring {

/// Names and values of a metric's labels.
using Labels = std::map<std::string, std::string>;

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

/// The metrics of a job, under Prometheus' naming conventions. Thread-safe. Handles stay valid as
/// long as the registry.
class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // The same name and labels give the same metric. Throw invalid_argument for a name or a label
  // that Prometheus does not allow, and for a name that is taken by another type.
  Counter counter(const std::string& name, const std::string& help, const Labels& labels);
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels);
  /// `bounds`: upper ends of the buckets, ascending; one more holds the rest.
  Histogram histogram(const std::string& name, const std::string& help, const Labels& labels,
                      const std::vector<double>& bounds);

  /// Everything in Prometheus' text format.
  std::string to_text() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Serves a registry at http://<listen>/metrics.
class Exporter {
 public:
  /// `listen`: "host:port", "[::1]:port" for IPv6; port 0 takes a free one. Throws
  /// invalid_argument for a malformed address, io_failed when it cannot be had.
  Exporter(const MetricRegistry& registry, const std::string& listen);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::monitoring
