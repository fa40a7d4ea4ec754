// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "florence/model/florence_model.h"
#include "florence/training/data_parallel.h"
#include "florence/training/snapshot.h"
#include "florence/training/training_batch.h"
#include "florence/training/training_config.h"
#include "ops/loss/unicl_loss.h"

namespace arno::florence {

/// How a shard trains its model.
struct TrainerConfig {
  FlorenceConfig model;
  int64_t micro_batch = 0;  ///< samples that are computed at once; 0: the whole batch
  double weight_decay = 0.2;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-6;
  double clip_norm = 0;  ///< largest gradient norm; 0: no clipping
  /// What is spread over the replicas (DataParallelOptions::zero).
  int64_t zero = 0;
  int64_t bucket_kib = 4096;  ///< KiB of gradients that replicas sum at once

  void fields(ConfigFields& f);
};

/// What a step did to the model.
struct StepOutcome {
  double learning_rate = 0;
  double temperature = 0;     ///< after the step
  double grad_norm = 0;       ///< before clipping
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
class Trainer {
 public:
  /// Steps between two looks at the norm of the parameters.
  static constexpr int64_t kNormEvery = 10;

  /// A fresh model at the start of the schedule. `group`: of the replicas; null for one alone.
  Trainer(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
          std::shared_ptr<ops::Communicator> group = nullptr);

  /// Goes to the state of a snapshot. Throws data_corrupt, naming what differs, when it is of
  /// another model.
  void restore(const Snapshot& snapshot);
  Snapshot snapshot() const;

  /// The batch must be that of step steps_done(). Throws invalid_argument, shape_mismatch.
  BatchFeatures forward(const TrainingBatch& batch);
  /// Throws diverged when the loss or a gradient is not finite; the model is then unchanged.
  StepOutcome finish_step(const ops::UniclLossResult& loss);

  int64_t steps_done() const { return steps_done_; }
  const FlorenceModel& model() const { return model_; }

 private:
  void set_geometry(int64_t resolution, int64_t window);
  bool in_parts() const;
  ops::Variable encode_images(int64_t start, int64_t length) const;
  ops::Variable encode_texts(int64_t start, int64_t length) const;
  void backward(const ops::UniclLossResult& loss);

  TrainerConfig config_;
  TrainingConfig schedule_;
  FlorenceModel model_;
  std::unique_ptr<DataParallel> optimizer_;
  int64_t steps_done_ = 0;
  double parameter_norm_ = 0;
  // Between forward() and finish_step(): the batch, and features of images, of distinct texts and
  // of each image's text. Made in parts they are leaves that collect the loss's gradients.
  TrainingBatch batch_;
  ops::Variable image_features_;
  ops::Variable text_features_;
  ops::Variable paired_text_features_;
};

}  // namespace arno::florence
