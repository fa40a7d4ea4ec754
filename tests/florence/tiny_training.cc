// SPDX-License-Identifier: Apache-2.0
#include "tiny_training.h"

#include <cstring>

namespace arno::florence {

TrainerConfig tiny_config() {
  return {.model = {.preset = "nano",
                    .drop_path = 0.5,
                    .text_width = 16,
                    .text_heads = 2,
                    .text_layers = 2,
                    .context_length = 8,
                    .vocab_size = 30,
                    .projection_dim = 12}};
}

TrainingConfig tiny_schedule(double learning_rate) {
  return {.batch_size = 8, .stages = {{.steps = 100, .resolution = 32, .peak_lr = learning_rate}}};
}

TrainingBatch tiny_batch(int64_t step, int64_t size, int64_t resolution) {
  const RandomKey key = RandomKey(17).child(step);
  Random random(key);
  TrainingBatch batch{.step = step};
  batch.images = ops::Tensor::empty({size, resolution, resolution, 3}, ops::DType::f32);
  for (float& value : batch.images.mutable_data<float>()) {
    value = static_cast<float>(random.uniform(-2, 2));
  }
  std::vector<std::vector<int32_t>> texts;
  for (int32_t i = 0; i < 5; ++i) {
    std::vector<int32_t> text(2 + i % 4);
    for (int32_t& token : text) token = static_cast<int32_t>(random.below(30));
    texts.push_back(std::move(text));
  }
  batch.texts = pack_texts(texts);
  for (int64_t i = 0; i < size; ++i) {
    batch.labels.push_back(static_cast<int32_t>(i % 5));
    batch.keys.push_back(key.child(i));
  }
  batch.text_rows = ops::Tensor::from<int32_t>({size}, batch.labels);
  return batch;
}

double train_step(Trainer& trainer, const TrainingBatch& batch, StepOutcome* outcome) {
  const BatchFeatures features = trainer.forward(batch);
  const ops::UniclLossResult loss = ops::unicl_loss_and_gradient(
      features.image, features.text, batch.labels, features.log_temperature);
  const StepOutcome done = trainer.finish_step(loss);
  if (outcome) *outcome = done;
  return loss.loss;
}

std::vector<NamedTensor> first_gradients(const Trainer& trainer) {
  constexpr std::string_view kMoment = "exp_avg.";
  constexpr float kWeight = 1 - 0.9F;  // of the gradient in the moment after one step
  std::vector<NamedTensor> out;
  for (NamedTensor& state : trainer.snapshot().optimizer) {
    if (!state.name.starts_with(kMoment)) continue;
    for (float& value : state.value.mutable_data<float>()) value /= kWeight;
    out.push_back({state.name.substr(kMoment.size()), state.value});
  }
  return out;
}

namespace {

std::string difference(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  if (a.size() != b.size()) return "number of tensors";
  for (size_t i = 0; i < a.size(); ++i) {
    const bool same = a[i].name == b[i].name && a[i].value.shape() == b[i].value.shape() &&
                      a[i].value.dtype() == b[i].value.dtype() &&
                      std::memcmp(a[i].value.raw(), b[i].value.raw(), a[i].value.size_bytes()) == 0;
    if (!same) return a[i].name;
  }
  return "";
}

}  // namespace

std::string difference(const Snapshot& a, const Snapshot& b) {
  if (a.step != b.step) return "step";
  if (a.resolution != b.resolution || a.window != b.window) return "geometry";
  const std::string weights = difference(a.weights, b.weights);
  return weights.empty() ? difference(a.optimizer, b.optimizer) : weights;
}

}  // namespace arno::florence
