// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace arno::monitoring {

/// Names and values of a metric's labels.
using Labels = std::map<std::string, std::string>;

/// A number that only grows. A cheap handle; adding is lock-free.
class Counter {
 public:
  Counter() = default;
  void add(double amount = 1);

 private:
  friend class MetricRegistry;
  explicit Counter(void* counter) : counter_(counter) {}
  void* counter_ = nullptr;
};

/// A number that goes up and down. A cheap handle; setting is lock-free.
class Gauge {
 public:
  Gauge() = default;
  void set(double value);

 private:
  friend class MetricRegistry;
  explicit Gauge(void* gauge) : gauge_(gauge) {}
  void* gauge_ = nullptr;
};

/// The metrics of a job, under Prometheus' naming conventions. Thread-safe. Handles stay valid as
/// long as the registry.
class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  Counter counter(const std::string& name, const std::string& help, const Labels& labels);
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels);

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
  /// `listen`: "host:port"; port 0 takes a free one. Throws invalid_argument for a malformed
  /// address, io_failed when it cannot be had.
  Exporter(const MetricRegistry& registry, const std::string& listen);
  ~Exporter();

  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::monitoring
