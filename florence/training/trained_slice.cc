// SPDX-License-Identifier: Apache-2.0
#include "florence/training/trained_slice.h"

#include <utility>

#include "florence/model/stored_config.h"

namespace arno::florence {
namespace {

// Children of the job's seed.
constexpr uint64_t kInitKey = 1;

/// Every parameter of the model.
constexpr const char* kAllParts = "";

/// A configuration without what does not change the function that given weights compute.
std::string meaning_of(FlorenceConfig config) {
  const FlorenceConfig defaults;
  config.drop_path = defaults.drop_path;
  config.init_temperature = defaults.init_temperature;
  config.max_temperature = defaults.max_temperature;
  config.compute = defaults.compute;
  config.checkpoint_activations = defaults.checkpoint_activations;
  return to_yaml(config);
}

/// Heads and masks leave no trace in the shapes of the weights.
void check_same_model(const Snapshot& snapshot, const FlorenceConfig& configured) {
  const FlorenceConfig stored = read_stored_config(snapshot.model_yaml);
  ARNO_CHECK(
      meaning_of(stored) == meaning_of(configured), Errc::data_corrupt,
      "[checkpoint] is of another model: heads {}, causal {}, preset {}; configured are heads "
      "{}, causal {}, preset {}",
      stored.text_heads, stored.causal, stored.preset, configured.text_heads, configured.causal,
      configured.preset);
}

}  // namespace

TrainedSlice::TrainedSlice(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
                           std::shared_ptr<ops::Communicator> group, const ModelSlice& slice)
    : config_(std::move(config)),
      schedule_(std::move(schedule)),
      model_(config_.model, schedule_.stages.front().resolution, schedule_.stages.front().window,
             RandomKey(seed).child(kInitKey), slice),
      optimizer_(std::make_unique<DataParallel>(
          model_.parameters(), model_.parts(),
          ops::AdamWOptions{.beta1 = config_.beta1, .beta2 = config_.beta2, .eps = config_.eps},
          std::move(group),
          DataParallelOptions{.zero = config_.zero, .bucket_bytes = config_.bucket_kib << 10})) {
  if (optimizer_->spreads_parameters()) model_.set_source(optimizer_.get());
}

void TrainedSlice::begin_step(int64_t step) {
  ARNO_CHECK(step == steps_done_, Errc::invalid_argument,
             "[trainer] got the batch of step {}, expected that of step {}", step, steps_done_);
  const TrainingStage& stage = schedule_.stages[stage_at(schedule_, step).index];
  set_geometry(stage.resolution, stage.window);
}

double TrainedSlice::finish_step(double grad_scale) {
  const double learning_rate = learning_rate_at(schedule_, steps_done_);
  optimizer_->step(learning_rate, config_.weight_decay, grad_scale);
  if (model_.slice().top) model_.clamp_temperature();
  ++steps_done_;
  return learning_rate;
}

void TrainedSlice::restore(const Snapshot& snapshot) {
  set_geometry(snapshot.resolution, snapshot.window);
  const AcquiredPart all(optimizer_.get(), kAllParts);
  model_.load(snapshot.weights);
  check_same_model(snapshot, config_.model);
  optimizer_->restore(snapshot.optimizer);
  steps_done_ = snapshot.step;
}

Snapshot TrainedSlice::snapshot() const {
  Snapshot out{.step = steps_done_,
               .resolution = model_.resolution(),
               .window = model_.window(),
               .model_yaml = to_yaml(config_.model)};
  const AcquiredPart all(optimizer_.get(), kAllParts);
  for (const Parameter& parameter : model_.parameters().all()) {
    out.weights.push_back({parameter.name, parameter.variable.value().clone()});
  }
  out.optimizer = optimizer_->optimizer_state();
  return out;
}

void TrainedSlice::set_geometry(int64_t resolution, int64_t window) {
  if (model_.has_geometry(resolution, window)) return;
  const AcquiredPart all(optimizer_.get(), kAllParts);
  optimizer_->reset(model_.set_geometry(resolution, window));
}

}  // namespace arno::florence
