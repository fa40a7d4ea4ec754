// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graph/job_observer.h"

namespace arno::cli {

/// What the run's log and the monitoring port both tell of a step: its number, its stage, the loss
/// and what moved it.
nlohmann::json step_json(const graph::StepReport& report);

}  // namespace arno::cli
