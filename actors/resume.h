// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/actor_kind.h"

namespace arno::actors {

/// The step at which a job goes on: that of its newest checkpoint when it resumes, else 0.
int64_t resume_step(const graph::StageContext& context);

}  // namespace arno::actors
