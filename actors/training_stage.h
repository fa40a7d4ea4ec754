// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/training/training_config.h"

namespace arno::actors {

/// The training stage that a slot belongs to.
inline const florence::TrainingStage& stage_of_slot(const florence::TrainingConfig& training,
                                                    uint64_t slot) {
  const auto step = static_cast<int64_t>(slot) / training.batch_size;
  return training.stages[florence::stage_at(training, step).index];
}

}  // namespace arno::actors
