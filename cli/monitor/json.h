// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/monitor/activity.h"
#include "graph/job_observer.h"
#include "graph/job_status.h"
#include "graph/plan.h"

// Parts of the monitoring port's replies, as docs/monitoring.md has them.
namespace arno::cli {

nlohmann::json nodes_json(const std::vector<graph::NodeStatus>& nodes);
/// Actors in the plan's order, each with its replicas.
nlohmann::json actors_json(const graph::Plan& plan, const JobActivity& activity,
                           const std::string& node);
/// Edges in the plan's order; none before the first look at the job.
nlohmann::json edges_json(const graph::Plan& plan, const JobActivity& activity);
/// What the step itself says; totals and rates of the run come from elsewhere.
/// Without the name of its source.
nlohmann::json sample_json(const graph::SampleReport& sample);
/// Without the time at which it was made. Classes are sorted, best first.
nlohmann::json evaluation_json(const graph::EvaluationReport& report);
/// Takes a new evaluation, made at `at`, into what is known (null: nothing): its tasks take the
/// place of theirs from before, those of other evaluators stay.
void merge_evaluation(nlohmann::json& known, const nlohmann::json& fresh, double at);

/// Compact; bytes that are not UTF-8 are replaced, figures that are not finite are null.
std::string to_text(const nlohmann::json& value);

}  // namespace arno::cli
