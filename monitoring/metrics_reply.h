// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitoring/http_server.h"
#include "monitoring/metrics.h"

namespace arno::monitoring {

/// What /metrics answers: all metrics in Prometheus' text format.
inline HttpReply metrics_reply(const MetricRegistry& metrics) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics.to_text()};
}

}  // namespace arno::monitoring
