// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "florence/training/micro_batch.h"
#include "florence/training/slice_messages.h"
#include "florence/training/trained_slice.h"

namespace arno::florence {

/// Blocks of one tower in a pipeline, before the slice with the top: forward and backward of
/// micro-batches in any interleaving, each in the order of their numbers. Parameters and optimiser
/// are those that the whole model would have, bit by bit.
class PipelineSlice {
 public:
  /// Fresh weights. `group`: of the replicas of this slice; null for one alone.
  PipelineSlice(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
                std::shared_ptr<ops::Communicator> group, Tower tower, BlockRange blocks);

  /// Goes to this slice's part of the state of a whole model. Throws data_corrupt.
  void restore(const Snapshot& whole) { slice_.restore(whole); }

  /// The micro-batch for the next slice. Keeps its tape when it is taped. Throws invalid_argument
  /// when it is not its turn, shape_mismatch.
  MicroBatch forward(const MicroBatch& part);
  /// Takes the gradient of what forward() gave for the oldest tape. Returns that of its input;
  /// undefined in the first slice.
  ActivationGradient backward(const ActivationGradient& gradient);
  /// How many micro-batches have a tape.
  int64_t taped() const { return static_cast<int64_t>(tapes_.size()); }
  /// Backward of all micro-batches of the step is done.
  bool backward_is_done() const { return squares_.has_value(); }
  /// Then: the squared norm of each gradient, over all replicas.
  const std::vector<double>& gradient_squares() const { return squares_.value(); }
  void finish_step(const StepDecision& decision);

  /// What a decision asked for.
  SliceState state(bool squares, bool snapshot) const;
  int64_t steps_done() const { return slice_.steps_done(); }

 private:
  struct Tape {
    int64_t number;
    int64_t count;  ///< of the step's micro-batches
    ops::Variable input;
    ops::Variable output;
  };

  ops::Variable run(const MicroBatch& part, const ops::Variable& input) const;

  Tower tower_;
  TrainedSlice slice_;
  std::deque<Tape> tapes_;
  bool in_backward_ = false;
  std::optional<std::vector<double>> squares_;
};

}  // namespace arno::florence
