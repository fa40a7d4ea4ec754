// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/plan.h"

namespace arno::actors {

/// The shards of a tower that is cut join up, from a micro_batcher to the model shard: no gap and
/// no overlap of blocks, an edge back for each edge, one model and one way of training, equal
/// numbers of replicas (see graph::PlanCheck).
void check_pipelines(const graph::Plan& plan, const RawConfig& file, ConfigProblems& problems);

}  // namespace arno::actors
