// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "monitoring/metrics.h"

namespace arno::monitoring {

/// Metrics of the process under the names that Prometheus' client libraries use: memory, processor
/// time, threads, open files. Read from /proc at each collection.
void add_process_metrics(MetricRegistry& registry);
/// Their declarations, for the reference.
std::span<const MetricDef> process_metric_defs();

}  // namespace arno::monitoring
