// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "monitoring/metrics.h"

namespace arno::monitoring {

/// Metrics of each NVIDIA GPU of the machine: use, memory, temperature, power. Read through the
/// driver's NVML at each collection; without the driver, or with none that answers, there are none.
/// A figure that a GPU does not have is left out.
/// `library`: the file name of NVML, as dlopen(3) takes it.
void add_gpu_metrics(MetricRegistry& registry, const char* library = "libnvidia-ml.so.1");
/// GPUs that the driver shows; 0 without a driver.
int64_t gpu_count(const char* library = "libnvidia-ml.so.1");
/// Their declarations, for the reference.
std::span<const MetricDef> gpu_metric_defs();

}  // namespace arno::monitoring
