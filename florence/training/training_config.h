// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.h"

namespace arno::florence {

/// One stage of pre-training (Florence, section 2.2): its data, its resolution, its schedule.
struct TrainingStage {
  std::string name = "main";
  int64_t steps = 1000;     ///< optimiser steps
  int64_t resolution = 64;  ///< side of the square image, pixels
  int64_t window = 0;       ///< attention window, tokens; 0: that of the preset
  /// "all": short texts get a template; "long": samples that have short texts only are left out.
  std::string texts = "all";
  double peak_lr = 1e-3;
  double final_lr = 0;       ///< where the cosine ends
  int64_t warmup_steps = 0;  ///< linear from 0

  void fields(ConfigFields& f);
};

/// What every actor of a training job has to agree on.
struct TrainingConfig {
  int64_t batch_size = 256;  ///< samples in a step
  std::vector<TrainingStage> stages = {TrainingStage{}};

  void fields(ConfigFields& f);

  int64_t total_steps() const;
};

/// Where a step stands in the schedule.
struct StagePosition {
  size_t index = 0;        ///< of the stage
  int64_t first_step = 0;  ///< of the stage
};

/// The stage of a step (from 0); a step at or past the end belongs to the last stage.
StagePosition stage_at(const TrainingConfig& config, int64_t step);

/// The learning rate of a step: linear warm-up, then cosine, anew in each stage.
double learning_rate_at(const TrainingConfig& config, int64_t step);

}  // namespace arno::florence
