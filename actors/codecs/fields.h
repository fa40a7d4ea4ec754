// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "actors/items.h"
#include "graph/item_codec.h"

// What several items have in common.
namespace arno::actors {

void write_id(const SampleId& id, graph::PartWriter& out);
SampleId read_id(graph::PartReader& in);

/// A steady clock counts from another moment on every machine, so what travels is an age; the time
/// under way is not in it.
void write_time(std::chrono::steady_clock::time_point time, graph::PartWriter& out);
std::chrono::steady_clock::time_point read_time(graph::PartReader& in);

void write_hash(const Hash128& hash, graph::PartWriter& out);
Hash128 read_hash(graph::PartReader& in);

void write_texts(const std::vector<std::string>& texts, graph::PartWriter& out);
/// At least one.
std::vector<std::string> read_texts(graph::PartReader& in);

/// f32 [S, S, 3], S >= 1.
ops::Tensor read_square_image(graph::PartReader& in);

}  // namespace arno::actors
