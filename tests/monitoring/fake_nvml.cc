// SPDX-License-Identifier: Apache-2.0

// The part of NVIDIA's management library that is used, for machines without a GPU: two GPUs, the
// second of which tells neither its use nor its power.
#include <cstdio>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;

struct Gpu {
  const char* name;
  unsigned used_percent;
  unsigned long long memory_used;
  unsigned celsius;
  unsigned milliwatts;
  bool tells_all;
};
Gpu gpus[] = {{"GPU A", 75, 3ULL << 30, 61, 250'500, true}, {"GPU B", 0, 1ULL << 30, 40, 0, false}};
constexpr unsigned long long kMemory = 80ULL << 30;

struct Utilization {
  unsigned gpu;
  unsigned memory;
};
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

}  // namespace

extern "C" {

int nvmlInit_v2() { return kSuccess; }
int nvmlShutdown() { return kSuccess; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= 2) return kInvalidArgument;
  *device = &gpus[index];
  return kSuccess;
}
int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  std::snprintf(name, length, "%s", static_cast<Gpu*>(device)->name);
  return kSuccess;
}
int nvmlDeviceGetUtilizationRates(void* device, Utilization* out) {
  const Gpu& gpu = *static_cast<Gpu*>(device);
  if (!gpu.tells_all) return kNotSupported;
  *out = {gpu.used_percent, 0};
  return kSuccess;
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* out) {
  const Gpu& gpu = *static_cast<Gpu*>(device);
  *out = {kMemory, kMemory - gpu.memory_used, gpu.memory_used};
  return kSuccess;
}
int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* out) {
  if (sensor != 0) return kInvalidArgument;
  *out = static_cast<Gpu*>(device)->celsius;
  return kSuccess;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* out) {
  const Gpu& gpu = *static_cast<Gpu*>(device);
  if (!gpu.tells_all) return kNotSupported;
  *out = gpu.milliwatts;
  return kSuccess;
}

}  // extern "C"
