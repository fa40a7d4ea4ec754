// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/monitor/job_monitor.h"
#include "monitoring/http_server.h"
#include "monitoring/metrics.h"

namespace arno::cli {

/// The port of a job: its page, its metrics and its API (docs/monitoring.md).
class MonitoringPort {
 public:
  /// Throws as HttpServer. Both outlive the port.
  MonitoringPort(const std::string& listen, const monitoring::MetricRegistry& metrics,
                 const JobMonitor& monitor);

  const std::string& address() const { return server_.address(); }

 private:
  monitoring::HttpServer server_;
};

}  // namespace arno::cli
