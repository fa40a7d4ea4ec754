// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "cli/monitor/job_monitor.h"
#include "monitoring/http_server.h"
#include "monitoring/metrics.h"

namespace arno::cli {

/// The port of a job: its page, its metrics and its API (docs/monitoring.md).
class MonitoringPort {
 public:
  /// Leaves its address in `<run>/monitoring.address` while it is open. Throws as HttpServer, and
  /// io_failed. `metrics` and `monitor` outlive the port.
  MonitoringPort(const std::string& listen, std::filesystem::path run,
                 const monitoring::MetricRegistry& metrics, const JobMonitor& monitor);
  ~MonitoringPort();
  MonitoringPort(const MonitoringPort&) = delete;
  MonitoringPort& operator=(const MonitoringPort&) = delete;

  const std::string& address() const { return server_.address(); }

 private:
  std::filesystem::path address_file_;
  monitoring::HttpServer server_;
};

}  // namespace arno::cli
