// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/training/snapshot.h"
#include "florence/training/training_batch.h"
#include "graph/item_codec.h"

// What items of the training have in common.
namespace arno::actors {

void write_packed(const florence::PackedTexts& texts, graph::PartWriter& out);
/// At least one text.
florence::PackedTexts read_packed(graph::PartReader& in);

void write_snapshot(const florence::Snapshot& snapshot, graph::PartWriter& out);
florence::Snapshot read_snapshot(graph::PartReader& in);

}  // namespace arno::actors
