// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/training/trainer.h"

namespace arno::florence {

/// A trainer small enough for a test: the nano image tower, two text blocks of width 16, drop path
/// at 0.5.
TrainerConfig tiny_config();

/// One stage at 32 pixels.
TrainingConfig tiny_schedule(double learning_rate = 1e-3);

/// A batch of noise for a step: 5 distinct texts, some of them under several images; labels say
/// which images share a text.
TrainingBatch tiny_batch(int64_t step, int64_t size = 8, int64_t resolution = 32);

/// Makes a whole step. Returns the loss before it.
double train_step(Trainer& trainer, const TrainingBatch& batch, StepOutcome* outcome = nullptr);

/// The gradient of each parameter in the first step, as the optimiser's first moment has it.
std::vector<NamedTensor> first_gradients(const Trainer& trainer);

/// Empty when both hold the same bytes under the same names, else the name of a difference.
std::string difference(const Snapshot& a, const Snapshot& b);

}  // namespace arno::florence
