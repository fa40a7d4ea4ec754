// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "common/stop_watch.h"
#include "florence/training/slice_messages.h"
#include "florence/training/tower_pass.h"
#include "florence/training/trained_slice.h"
#include "florence/training/training_batch.h"
#include "ops/loss/unicl_loss.h"

namespace arno::florence {

/// What a step did to the model.
struct StepOutcome {
  double learning_rate = 0;
  double temperature = 0;     ///< after the step
  double grad_norm = 0;       ///< before clipping
  double grad_scale = 1;      ///< what gradients were multiplied by (clipping)
  double parameter_norm = 0;  ///< of all parameters, after one of the last kNormEvery steps
  double backward_s = 0;      ///< seconds, without waiting for other replicas
  double optimizer_s = 0;     ///< likewise, clipping included
  double comm_s = 0;          ///< seconds that replicas exchanged gradients or parameters
  double comm_wait_s = 0;     ///< seconds of it that computation waited
};

/// The features of a batch, as the loss sees them.
struct BatchFeatures {
  ops::Tensor image;  ///< f32 [N, D], unit rows
  ops::Tensor text;   ///< f32 [N, D], unit rows; row i belongs to image i
  double log_temperature = 0;
};

/// Of each tower, squared norms of the slices before that with the top, in their order.
struct FrontSquares {
  std::vector<double> image;
  std::vector<double> text;
};

/// Owns a model and its optimiser and makes steps, each in two halves around the loss: forward()
/// gives features, finish_step() takes their gradients.
///
/// With a micro-batch smaller than the batch it works as GradCache (Gao et al. 2021): features are
/// computed without a tape, then once more in parts with one, against the cached gradients. Drop
/// path draws from the samples' keys, so both passes agree.
///
/// Of several replicas each has a trainer with a member of their group, made with the same seed.
/// The rows of a batch are divided over them in rank order; together they make the step that one
/// makes of the whole batch, to rounding. Calls are then collective (see DataParallel).
///
/// A trainer may also own the slice with the top alone, while slices of towers before it are
/// elsewhere (PipelineSlice). A step then goes by smaller calls: begin(), add() for each
/// micro-batch that comes, features(), begin_backward(), add() again, finish(). It is bit by bit
/// the step of a trainer of the whole model.
class Trainer {
 public:
  /// Steps between two looks at the norm of the parameters.
  static constexpr int64_t kNormEvery = 10;

  /// A fresh model at the start of the schedule. `group`: of the replicas; null for one alone.
  /// `slice` has the top.
  Trainer(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
          std::shared_ptr<ops::Communicator> group = nullptr, const ModelSlice& slice = {});
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Goes to the state of a snapshot of the whole model. Throws data_corrupt, naming what differs,
  /// when it is of another model.
  void restore(const Snapshot& snapshot) { slice_.restore(snapshot); }
  Snapshot snapshot() const { return slice_.snapshot(); }
  /// The whole model's, with what the slices before it sent; null: there are none.
  Snapshot snapshot(const Snapshot* image_front, const Snapshot* text_front) const;

  /// The batch must be that of step steps_done(). Throws invalid_argument, shape_mismatch.
  BatchFeatures forward(const TrainingBatch& batch);
  /// Throws diverged when the loss or a gradient is not finite; the model is then unchanged.
  StepOutcome finish_step(const ops::UniclLossResult& loss);

  /// Whether this tower's input comes as micro-batches.
  bool awaits(Tower tower) const;
  /// Starts a step: makes the features that need no other slice.
  void begin(const TrainingBatch& batch);
  /// Whether it is this micro-batch's turn.
  bool accepts(const MicroBatch& part) const;
  /// Makes its features, or its backward: then returns the gradient of its input. Throws
  /// invalid_argument when it is not of this batch, shape_mismatch.
  std::vector<ActivationGradient> add(const MicroBatch& part);
  /// All features have been made; then features() may be called, once.
  bool has_features() const;
  BatchFeatures features();
  /// Returns the gradients of inputs of micro-batches that need no second pass. Throws diverged.
  std::vector<ActivationGradient> begin_backward(const ops::UniclLossResult& loss);
  bool backward_is_done() const { return phase_ == Phase::backward && next_ == order_.size(); }
  /// Steps, with the norm of all slices' gradients. Throws diverged.
  StepOutcome finish(const FrontSquares& front);
  /// Whether measure_parameters() is due after the step that comes next.
  bool measures_next() const { return steps_done() % kNormEvery == 0 || parameter_norm_ == 0; }
  void measure_parameters(const FrontSquares& front);
  double parameter_norm() const { return parameter_norm_; }

  int64_t steps_done() const { return slice_.steps_done(); }
  const FlorenceModel& model() const { return slice_.model(); }

 private:
  /// Where a step is.
  enum class Phase { idle, features, loss, backward };

  TowerPass& pass(Tower tower) { return passes_[static_cast<size_t>(tower)]; }
  const TowerPass& pass(Tower tower) const { return passes_[static_cast<size_t>(tower)]; }
  TowerPass image_pass(bool in_parts) const;
  TowerPass text_pass(bool in_parts) const;
  ops::Tensor backward_of(const Turn& turn, const ops::Tensor& input);
  void go_on();
  size_t image_parameters() const;

  TrainerConfig config_;
  TrainedSlice slice_;
  double parameter_norm_ = 0;
  // Between begin() and finish().
  Phase phase_ = Phase::idle;
  TrainingBatch batch_;
  std::array<TowerPass, 2> passes_;  ///< by tower
  ops::Variable paired_text_features_;
  std::vector<Turn> order_;  ///< of backward, where it is made in parts
  size_t next_ = 0;          ///< in order_
  StopWatch watch_;
  ops::CommTimes comm_before_;
};

}  // namespace arno::florence
