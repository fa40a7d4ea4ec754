// SPDX-License-Identifier: Apache-2.0
#include "monitoring/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>

#include "common/error.h"

namespace arno::monitoring {

std::string_view to_string(MetricType type) {
  constexpr std::string_view kNames[] = {"counter", "gauge", "histogram"};
  return kNames[static_cast<size_t>(type)];
}

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

struct MetricRegistry::Impl {
  /// Adds a metric to the family of its declaration.
  template <class Builder, class... Args>
  void* add(Builder builder, MetricType type, const MetricDef& def, const Labels& labels,
            const Args&... args);

  Labels constant;
  prometheus::Registry registry;
  std::mutex mutex;
  std::vector<std::function<void()>> callbacks;
};

namespace {

void check_labels(const MetricDef& def, const Labels& labels) {
  const auto declared = std::ranges::count_if(def.labels, std::not_fn(&std::string_view::empty));
  const bool all = std::ranges::all_of(labels, [&](const auto& label) {
    return std::ranges::find(def.labels, label.first) != def.labels.end();
  });
  ARNO_CHECK(all && declared == static_cast<std::ptrdiff_t>(labels.size()), Errc::invalid_argument,
             "[metrics] \"{}\" got other labels than it declares", def.name);
}

}  // namespace

template <class Builder, class... Args>
void* MetricRegistry::Impl::add(Builder builder, MetricType type, const MetricDef& def,
                                const Labels& labels, const Args&... args) {
  ARNO_CHECK(def.type == type, Errc::invalid_argument, "[metrics] \"{}\" is a {}, asked for a {}",
             def.name, to_string(def.type), to_string(type));
  check_labels(def, labels);
  try {
    return &builder.Name(std::string(def.name))
                .Help(std::string(def.help))
                .Labels(constant)
                .Register(registry)
                .Add(labels, args...);
  } catch (const std::exception& error) {
    fail(Errc::invalid_argument, "[metrics] cannot have \"{}\": {}", def.name, error.what());
  }
}

MetricRegistry::MetricRegistry(Labels constant) : impl_(std::make_unique<Impl>()) {
  impl_->constant = std::move(constant);
}
MetricRegistry::~MetricRegistry() = default;

Counter MetricRegistry::counter(const MetricDef& def, const Labels& labels) {
  return Counter(impl_->add(prometheus::BuildCounter(), MetricType::counter, def, labels));
}

Gauge MetricRegistry::gauge(const MetricDef& def, const Labels& labels) {
  return Gauge(impl_->add(prometheus::BuildGauge(), MetricType::gauge, def, labels));
}

Histogram MetricRegistry::histogram(const MetricDef& def, const std::vector<double>& bounds,
                                    const Labels& labels) {
  ARNO_CHECK(std::ranges::adjacent_find(bounds, std::ranges::greater_equal()) == bounds.end(),
             Errc::invalid_argument, "[metrics] bounds of \"{}\" do not ascend", def.name);
  return Histogram(
      impl_->add(prometheus::BuildHistogram(), MetricType::histogram, def, labels, bounds));
}

void MetricRegistry::before_collection(std::function<void()> callback) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->callbacks.push_back(std::move(callback));
}

std::string MetricRegistry::to_text() const {
  const std::scoped_lock lock(impl_->mutex);
  for (const auto& callback : impl_->callbacks) callback();
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace arno::monitoring
