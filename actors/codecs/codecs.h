// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/actor_kind.h"

namespace arno::actors {

/// Samples on their way from the reader to the batcher, and what goes back.
void add_sample_codecs(graph::Registry& registry);
/// Batches, features, losses and snapshots.
void add_training_codecs(graph::Registry& registry);
/// What travels between the shards of a pipeline.
void add_pipeline_codecs(graph::Registry& registry);

/// The last of them.
graph::ItemCodec snapshot_codec();

}  // namespace arno::actors
