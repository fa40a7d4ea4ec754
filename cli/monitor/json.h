// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/monitor/activity.h"
#include "graph/job_observer.h"
#include "graph/plan.h"

// Parts of the monitoring port's replies, as docs/monitoring.md has them.
namespace arno::cli {

nlohmann::json actors_json(const graph::Plan& plan, const JobActivity& activity,
                           const std::string& node);
nlohmann::json edges_json(const graph::Plan& plan, const JobActivity& activity);
nlohmann::json step_json(const graph::StepReport& report);
/// Without the name of its source.
nlohmann::json sample_json(const graph::SampleReport& sample);
nlohmann::json evaluation_json(const graph::EvaluationReport& report);

/// Compact; bytes that are not UTF-8 are replaced, figures that are not finite are null.
std::string to_text(const nlohmann::json& value);

}  // namespace arno::cli
