// SPDX-License-Identifier: Apache-2.0
#include "monitoring/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace arno::monitoring {
namespace {

constexpr MetricDef kDefs[] = {
    {MetricType::gauge, "process_resident_memory_bytes", "Memory of the process that is in RAM."},
    {MetricType::counter, "process_cpu_seconds_total", "Processor time of all threads."},
    {MetricType::gauge, "process_threads", "Threads of the process."},
    {MetricType::gauge, "process_open_fds", "Open files and sockets."},
    {MetricType::gauge, "process_max_fds", "Most files and sockets that may be open."}};
enum Def { kResident, kCpu, kThreads, kOpenFiles, kMaxFiles };

double resident_bytes() {
  double total = 0;
  double resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double entries_of(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  return error ? 0 : static_cast<double>(std::ranges::distance(begin(entries), end(entries)));
}

double max_open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void add_process_metrics(MetricRegistry& registry) {
  Counter cpu = registry.counter(kDefs[kCpu]);
  Gauge resident = registry.gauge(kDefs[kResident]);
  Gauge threads = registry.gauge(kDefs[kThreads]);
  Gauge open_files = registry.gauge(kDefs[kOpenFiles]);
  registry.gauge(kDefs[kMaxFiles]).set(max_open_files());
  registry.before_collection([=]() mutable {
    cpu.add(std::max(0.0, cpu_seconds() - cpu.value()));
    resident.set(resident_bytes());
    threads.set(entries_of("/proc/self/task"));
    open_files.set(entries_of("/proc/self/fd"));
  });
}

std::span<const MetricDef> process_metric_defs() { return kDefs; }

}  // namespace arno::monitoring
