// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "florence/training/snapshot.h"

// What the shards of a pipeline say to each other besides micro-batches. The shard with the top
// decides for all; what it needs to know is put together on the way to it, slice by slice, in the
// order of the whole model's parameters.
namespace arno::florence {

/// The squared 2-norm of each gradient of a step, of this slice and those before it.
struct GradientSquares {
  int64_t step = 0;  ///< from 0
  std::vector<double> squares;
};

/// How a step ends.
struct StepDecision {
  int64_t step = 0;
  double grad_scale = 1;        ///< of all gradients (clipping)
  bool wants_squares = false;   ///< a SliceState with the parameters' norms is asked for
  bool wants_snapshot = false;  ///< one with the state itself
};

/// What this slice and those before it are after some steps.
struct SliceState {
  int64_t steps_done = 0;
  std::vector<double> parameter_squares;  ///< squared 2-norm of each parameter
  std::optional<Snapshot> snapshot;       ///< of these slices
};

/// What all slices start from.
struct SliceStart {
  std::optional<Snapshot> snapshot;  ///< of the whole model; none: fresh weights
};

/// Adds what a slice has to what those before it have.
void append(GradientSquares& before, const std::vector<double>& squares);
void append(SliceState& before, const SliceState& own);
void append(Snapshot& before, const Snapshot& own);

}  // namespace arno::florence
