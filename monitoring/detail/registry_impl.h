// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/registry.h>

#include <memory>

#include "monitoring/metrics.h"

namespace arno::monitoring {

struct MetricRegistry::Impl {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
};

}  // namespace arno::monitoring
