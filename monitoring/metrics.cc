// SPDX-License-Identifier: Apache-2.0
#include "monitoring/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "common/error.h"
#include "monitoring/detail/registry_impl.h"

namespace arno::monitoring {
namespace {

/// Adds a metric to the family of its name.
template <class Builder, class... Args>
void* add(Builder builder, prometheus::Registry& registry, const std::string& name,
          const std::string& help, const Labels& labels, const Args&... args) {
  try {
    return &builder.Name(name).Help(help).Register(registry).Add(labels, args...);
  } catch (const std::exception& error) {
    fail(Errc::invalid_argument, "[metrics] cannot have \"{}\": {}", name, error.what());
  }
}

}  // namespace

void Counter::add(double amount) {
  if (counter_) static_cast<prometheus::Counter*>(counter_)->Increment(amount);
}

double Counter::value() const {
  return counter_ ? static_cast<prometheus::Counter*>(counter_)->Value() : 0;
}

void Gauge::set(double value) {
  if (gauge_) static_cast<prometheus::Gauge*>(gauge_)->Set(value);
}

double Gauge::value() const {
  return gauge_ ? static_cast<prometheus::Gauge*>(gauge_)->Value() : 0;
}

void Histogram::observe(double value) {
  if (histogram_) static_cast<prometheus::Histogram*>(histogram_)->Observe(value);
}

MetricRegistry::MetricRegistry() : impl_(std::make_unique<Impl>()) {}
MetricRegistry::~MetricRegistry() = default;

Counter MetricRegistry::counter(const std::string& name, const std::string& help,
                                const Labels& labels) {
  return Counter(add(prometheus::BuildCounter(), *impl_->registry, name, help, labels));
}

Gauge MetricRegistry::gauge(const std::string& name, const std::string& help,
                            const Labels& labels) {
  return Gauge(add(prometheus::BuildGauge(), *impl_->registry, name, help, labels));
}

Histogram MetricRegistry::histogram(const std::string& name, const std::string& help,
                                    const Labels& labels, const std::vector<double>& bounds) {
  ARNO_CHECK(std::ranges::adjacent_find(bounds, std::ranges::greater_equal()) == bounds.end(),
             Errc::invalid_argument, "[metrics] bounds of \"{}\" do not ascend", name);
  return Histogram(add(prometheus::BuildHistogram(), *impl_->registry, name, help, labels, bounds));
}

std::string MetricRegistry::to_text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry->Collect());
}

}  // namespace arno::monitoring
