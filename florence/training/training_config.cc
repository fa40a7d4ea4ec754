// SPDX-License-Identifier: Apache-2.0
#include "florence/training/training_config.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace arno::florence {

void TrainingStage::fields(ConfigFields& f) {
  f.text("name", name, {.doc = "shown in the log"});
  f.integer("steps", steps, {.doc = "optimiser steps", .min = 1});
  f.integer("resolution", resolution,
            {.doc = "side of the square image, pixels", .min = 32, .max = 4096});
  f.integer("window", window,
            {.doc = "attention window, tokens; 0: that of the preset", .min = 0, .max = 64});
  f.text("texts", texts,
         {.doc = "all: short texts get a prompt template; long: samples with short texts only are "
                 "left out",
          .one_of = {"all", "long"}});
  f.number("peak_lr", peak_lr, {.doc = "learning rate after the warm-up", .min = 0});
  f.number("final_lr", final_lr, {.doc = "learning rate at the end of the cosine", .min = 0});
  f.integer("warmup_steps", warmup_steps, {.doc = "steps of linear warm-up from 0", .min = 0});
  f.require(warmup_steps < steps || steps < 1, "warmup_steps",
            fmt::format("found {}, expected fewer than the stage's {} steps", warmup_steps, steps));
}

void TrainingConfig::fields(ConfigFields& f) {
  f.integer("batch_size", batch_size, {.doc = "samples in a step", .min = 2});
  f.list("stages", stages, {.doc = "stages of pre-training, one after the other"});
  f.require(!stages.empty(), "stages", "found no stage, expected at least one");
}

int64_t TrainingConfig::total_steps() const {
  int64_t total = 0;
  for (const TrainingStage& stage : stages) total += stage.steps;
  return total;
}

StagePosition stage_at(const TrainingConfig& config, int64_t step) {
  StagePosition position;
  while (position.index + 1 < config.stages.size() &&
         step >= position.first_step + config.stages[position.index].steps) {
    position.first_step += config.stages[position.index].steps;
    ++position.index;
  }
  return position;
}

double learning_rate_at(const TrainingConfig& config, int64_t step) {
  const StagePosition position = stage_at(config, step);
  const TrainingStage& stage = config.stages[position.index];
  const int64_t done = step - position.first_step;
  if (done < stage.warmup_steps) {
    return stage.peak_lr * static_cast<double>(done + 1) / static_cast<double>(stage.warmup_steps);
  }
  const double progress =
      static_cast<double>(done - stage.warmup_steps) /
      static_cast<double>(std::max<int64_t>(1, stage.steps - stage.warmup_steps));
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, progress)));
  return stage.final_lr + (stage.peak_lr - stage.final_lr) * cosine;
}

}  // namespace arno::florence
