// SPDX-License-Identifier: Apache-2.0
#include "monitoring/gpu_metrics.h"

#include <gmock/gmock.h>

namespace arno::monitoring {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(GpuMetricsTest, ShowEachGpu) {
  MetricRegistry registry;
  add_gpu_metrics(registry, ARNO_FAKE_NVML);

  const std::string text = registry.to_text();
  EXPECT_THAT(text, HasSubstr("arno_gpu_utilization_ratio{gpu=\"0\",name=\"GPU A\"} 0.75"));
  EXPECT_THAT(text, HasSubstr("arno_gpu_memory_used_bytes{gpu=\"0\",name=\"GPU A\"} 3221225472"));
  EXPECT_THAT(text, HasSubstr("arno_gpu_memory_total_bytes{gpu=\"1\",name=\"GPU B\"} 85899345920"));
  EXPECT_THAT(text, HasSubstr("arno_gpu_temperature_celsius{gpu=\"1\",name=\"GPU B\"} 40"));
  EXPECT_THAT(text, HasSubstr("arno_gpu_power_watts{gpu=\"0\",name=\"GPU A\"} 250.5"));
}

TEST(GpuMetricsTest, LeaveOutWhatAGpuDoesNotTell) {
  MetricRegistry registry;
  add_gpu_metrics(registry, ARNO_FAKE_NVML);

  EXPECT_THAT(registry.to_text(), Not(HasSubstr("power_watts{gpu=\"1\"")));
  EXPECT_THAT(registry.to_text(), Not(HasSubstr("utilization_ratio{gpu=\"1\"")));
}

TEST(GpuMetricsTest, AreNoneWithoutTheDriver) {
  MetricRegistry registry;
  add_gpu_metrics(registry, "libnone-of-this-name.so.1");

  EXPECT_THAT(registry.to_text(), Not(HasSubstr("gpu")));
}

}  // namespace
}  // namespace arno::monitoring
