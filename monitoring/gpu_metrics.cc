// SPDX-License-Identifier: Apache-2.0
#include "monitoring/gpu_metrics.h"

#include <dlfcn.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace arno::monitoring {
namespace {

constexpr std::array<std::string_view, 4> kLabels{"gpu", "name"};
constexpr MetricDef kDefs[] = {
    {MetricType::gauge, "arno_gpu_utilization_ratio",
     "Share of the last sampling period in which a kernel ran on the GPU, 0 to 1.", kLabels},
    {MetricType::gauge, "arno_gpu_memory_used_bytes", "Memory of the GPU that is in use.", kLabels},
    {MetricType::gauge, "arno_gpu_memory_total_bytes", "Memory of the GPU.", kLabels},
    {MetricType::gauge, "arno_gpu_temperature_celsius", "Temperature of the GPU.", kLabels},
    {MetricType::gauge, "arno_gpu_power_watts", "Power that the GPU draws.", kLabels}};
enum Def { kUtilization, kMemoryUsed, kMemoryTotal, kTemperature, kPower };

// What is used of NVML's stable interface (NVIDIA's "NVML API Reference Guide"). Its header does
// not come with the CUDA toolkit, and the library only with the driver.
using NvmlDevice = struct NvmlDeviceHandle*;
struct NvmlUtilization {
  unsigned gpu = 0;  ///< percent
  unsigned memory = 0;
};
struct NvmlMemory {
  unsigned long long total = 0;  ///< bytes
  unsigned long long free = 0;
  unsigned long long used = 0;
};
constexpr int kNvmlSuccess = 0;
constexpr int kNvmlTemperatureOfGpu = 0;

/// The driver's library, initialised. Its GPUs keep their numbers as long as it lives.
class Nvml {
 public:
  /// Null where there is none.
  static std::shared_ptr<Nvml> open(const char* library) {
    const std::shared_ptr<void> handle(dlopen(library, RTLD_NOW | RTLD_LOCAL), [](void* opened) {
      if (opened) dlclose(opened);
    });
    if (!handle) return nullptr;
    std::shared_ptr<Nvml> nvml(new Nvml(handle));
    if (!nvml->is_complete() || nvml->init_() != kNvmlSuccess) return nullptr;
    nvml->initialised_ = true;
    return nvml;
  }
  ~Nvml() {
    if (initialised_) shutdown_();
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::vector<NvmlDevice> devices() const {
    std::vector<NvmlDevice> out;
    unsigned count = 0;
    if (count_(&count) != kNvmlSuccess) return out;
    for (unsigned i = 0; i < count; ++i) {
      NvmlDevice device = nullptr;
      if (device_(i, &device) == kNvmlSuccess) out.push_back(device);
    }
    return out;
  }
  std::string name(NvmlDevice device) const {
    char name[96] = "";
    return name_(device, name, sizeof name) == kNvmlSuccess ? name : "";
  }
  // Nothing where the GPU does not have the figure.
  std::optional<double> utilization(NvmlDevice device) const {
    NvmlUtilization use;
    return figure(utilization_(device, &use), [&] { return use.gpu / 100.0; });
  }
  std::optional<double> memory_used_bytes(NvmlDevice device) const {
    NvmlMemory memory;
    return figure(memory_(device, &memory), [&] { return static_cast<double>(memory.used); });
  }
  std::optional<double> memory_total_bytes(NvmlDevice device) const {
    NvmlMemory memory;
    return figure(memory_(device, &memory), [&] { return static_cast<double>(memory.total); });
  }
  std::optional<double> celsius(NvmlDevice device) const {
    unsigned celsius = 0;
    return figure(temperature_(device, kNvmlTemperatureOfGpu, &celsius), [&] { return celsius; });
  }
  std::optional<double> watts(NvmlDevice device) const {
    unsigned milliwatts = 0;
    return figure(power_(device, &milliwatts), [&] { return milliwatts / 1000.0; });
  }

 private:
  explicit Nvml(std::shared_ptr<void> handle) : handle_(std::move(handle)) {
    find(init_, "nvmlInit_v2");
    find(shutdown_, "nvmlShutdown");
    find(count_, "nvmlDeviceGetCount_v2");
    find(device_, "nvmlDeviceGetHandleByIndex_v2");
    find(name_, "nvmlDeviceGetName");
    find(utilization_, "nvmlDeviceGetUtilizationRates");
    find(memory_, "nvmlDeviceGetMemoryInfo");
    find(temperature_, "nvmlDeviceGetTemperature");
    find(power_, "nvmlDeviceGetPowerUsage");
  }

  template <class Function>
  void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle_.get(), name));
  }
  bool is_complete() const {
    return init_ && shutdown_ && count_ && device_ && name_ && utilization_ && memory_ &&
           temperature_ && power_;
  }
  template <class Value>
  static std::optional<double> figure(int status, Value value) {
    if (status != kNvmlSuccess) return {};
    return value();
  }

  std::shared_ptr<void> handle_;
  bool initialised_ = false;
  int (*init_)() = nullptr;
  int (*shutdown_)() = nullptr;
  int (*count_)(unsigned*) = nullptr;
  int (*device_)(unsigned, NvmlDevice*) = nullptr;
  int (*name_)(NvmlDevice, char*, unsigned) = nullptr;
  int (*utilization_)(NvmlDevice, NvmlUtilization*) = nullptr;
  int (*memory_)(NvmlDevice, NvmlMemory*) = nullptr;
  int (*temperature_)(NvmlDevice, int, unsigned*) = nullptr;
  int (*power_)(NvmlDevice, unsigned*) = nullptr;
};

/// Shows a figure of a GPU that has it.
template <class Read>
void show(MetricRegistry& registry, Def def, const Labels& labels, Read read) {
  if (!read()) return;
  registry.before_collection([gauge = registry.gauge(kDefs[def], labels), read]() mutable {
    if (const std::optional<double> value = read()) gauge.set(*value);
  });
}

}  // namespace

void add_gpu_metrics(MetricRegistry& registry, const char* library) {
  const std::shared_ptr<const Nvml> nvml = Nvml::open(library);
  if (!nvml) return;
  const std::vector<NvmlDevice> devices = nvml->devices();
  for (size_t i = 0; i < devices.size(); ++i) {
    const NvmlDevice device = devices[i];
    const Labels labels{{"gpu", std::to_string(i)}, {"name", nvml->name(device)}};
    show(registry, kUtilization, labels, [=] { return nvml->utilization(device); });
    show(registry, kMemoryUsed, labels, [=] { return nvml->memory_used_bytes(device); });
    show(registry, kMemoryTotal, labels, [=] { return nvml->memory_total_bytes(device); });
    show(registry, kTemperature, labels, [=] { return nvml->celsius(device); });
    show(registry, kPower, labels, [=] { return nvml->watts(device); });
  }
}

int64_t gpu_count(const char* library) {
  const std::shared_ptr<const Nvml> nvml = Nvml::open(library);
  return nvml ? static_cast<int64_t>(nvml->devices().size()) : 0;
}

std::span<const MetricDef> gpu_metric_defs() { return kDefs; }

}  // namespace arno::monitoring
