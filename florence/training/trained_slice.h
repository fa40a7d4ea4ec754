// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "florence/model/florence_model.h"
#include "florence/training/data_parallel.h"
#include "florence/training/snapshot.h"
#include "florence/training/trainer_config.h"
#include "florence/training/training_config.h"

namespace arno::florence {

/// A model, or a slice of it, with its optimiser at a step of the schedule. What it starts with is
/// that part of what the whole would start with. Of several replicas each has one with a member of
/// their group, and calls are collective (see DataParallel).
class TrainedSlice {
 public:
  /// At the start of the schedule. `group`: of the replicas; null for one alone.
  TrainedSlice(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
               std::shared_ptr<ops::Communicator> group, const ModelSlice& slice);

  /// Goes over to the geometry of a step. Throws invalid_argument unless it is the next one.
  void begin_step(int64_t step);
  /// Steps with the gradients there are, multiplied by `grad_scale`. Returns the learning rate.
  double finish_step(double grad_scale);
  int64_t steps_done() const { return steps_done_; }

  /// Goes to the state of a snapshot of the whole model. Throws data_corrupt, naming what differs,
  /// when it is of another model.
  void restore(const Snapshot& snapshot);
  /// The state, of the parameters that are here.
  Snapshot snapshot() const;

  const TrainerConfig& config() const { return config_; }
  const FlorenceModel& model() const { return model_; }
  DataParallel& optimizer() const { return *optimizer_; }

 private:
  void set_geometry(int64_t resolution, int64_t window);

  TrainerConfig config_;
  TrainingConfig schedule_;
  FlorenceModel model_;
  std::unique_ptr<DataParallel> optimizer_;
  int64_t steps_done_ = 0;
};

}  // namespace arno::florence
