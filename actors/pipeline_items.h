// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "florence/training/micro_batch.h"
#include "florence/training/slice_messages.h"

// What travels between the shards of a pipeline: each has one edge to the next and one back.
namespace arno::actors {

/// What a shard sends to the next one.
struct ForwardItem {
  std::variant<florence::MicroBatch, florence::GradientSquares, florence::SliceState> content;

  /// The micro-batch; null for anything else.
  const florence::MicroBatch* micro_batch() const {
    return std::get_if<florence::MicroBatch>(&content);
  }
  size_t size_bytes() const;
};

/// What a shard sends back to the one before it.
struct BackwardItem {
  std::variant<florence::SliceStart, florence::ActivationGradient, florence::StepDecision> content;

  size_t size_bytes() const;
};

// Steps from 1, as in logs.
ItemTag item_tag(const ForwardItem& item);
ItemTag item_tag(const BackwardItem& item);

}  // namespace arno::actors
