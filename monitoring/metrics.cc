// SPDX-License-Identifier: Apache-2.0
#include "monitoring/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/text_serializer.h>

#include "monitoring/detail/registry_impl.h"

namespace arno::monitoring {

void Counter::add(double amount) {
  if (counter_) static_cast<prometheus::Counter*>(counter_)->Increment(amount);
}

void Gauge::set(double value) {
  if (gauge_) static_cast<prometheus::Gauge*>(gauge_)->Set(value);
}

MetricRegistry::MetricRegistry() : impl_(std::make_unique<Impl>()) {}
MetricRegistry::~MetricRegistry() = default;

Counter MetricRegistry::counter(const std::string& name, const std::string& help,
                                const Labels& labels) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(*impl_->registry);
  return Counter(&family.Add(labels));
}

Gauge MetricRegistry::gauge(const std::string& name, const std::string& help,
                            const Labels& labels) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(*impl_->registry);
  return Gauge(&family.Add(labels));
}

std::string MetricRegistry::to_text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry->Collect());
}

}  // namespace arno::monitoring
