// SPDX-License-Identifier: Apache-2.0
#include "florence/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/stop_watch.h"
#include "florence/model/stored_config.h"
#include "ops/math/gather_rows.h"

namespace arno::florence {
namespace {

// Children of the job's seed.
constexpr uint64_t kInitKey = 1;

/// Every parameter of the model.
constexpr const char* kAllParts = "";

/// Everything of a batch has to be of one size.
void check_shapes(const TrainingBatch& batch, int64_t resolution) {
  const int64_t size = batch.size();
  ops::check_shape("trainer", "images", batch.images, {size, resolution, resolution, 3});
  ops::check_shape("trainer", "text_rows", batch.text_rows, {size});
  ARNO_CHECK(static_cast<int64_t>(batch.keys.size()) == size, Errc::shape_mismatch,
             "[trainer] found {} keys for {} samples", batch.keys.size(), size);
}

}  // namespace

void TrainerConfig::fields(ConfigFields& f) {
  model.fields(f);
  f.integer("micro_batch", micro_batch,
            {.doc = "samples computed at once (GradCache); 0: the whole batch", .min = 0});
  f.number("weight_decay", weight_decay,
           {.doc = "of AdamW, on matrices and kernels", .min = 0, .max = 10});
  f.number("beta1", beta1, {.doc = "of AdamW", .min = 0, .max = 0.9999999});
  f.number("beta2", beta2, {.doc = "of AdamW", .min = 0, .max = 0.9999999});
  f.number("eps", eps, {.doc = "of AdamW", .min = 1e-16, .max = 1});
  f.number("clip_norm", clip_norm, {.doc = "largest gradient norm; 0: no clipping", .min = 0});
  f.integer("zero", zero,
            {.doc = "what is spread over the replicas: 0 nothing, 1 the optimiser's state, 2 the "
                    "gradients too, 3 the parameters too",
             .min = 0,
             .max = 3});
  f.integer("bucket_kib", bucket_kib,
            {.doc = "KiB of gradients that replicas sum at once", .min = 1, .max = 1 << 20});
}

Trainer::Trainer(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
                 std::shared_ptr<ops::Communicator> group)
    : config_(std::move(config)),
      schedule_(std::move(schedule)),
      model_(config_.model, schedule_.stages.front().resolution, schedule_.stages.front().window,
             RandomKey(seed).child(kInitKey)),
      optimizer_(std::make_unique<DataParallel>(
          model_.parameters(), model_.parts(),
          ops::AdamWOptions{.beta1 = config_.beta1, .beta2 = config_.beta2, .eps = config_.eps},
          std::move(group),
          DataParallelOptions{.zero = config_.zero, .bucket_bytes = config_.bucket_kib << 10})) {
  if (optimizer_->spreads_parameters()) model_.set_source(optimizer_.get());
}

namespace {

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

void Trainer::restore(const Snapshot& snapshot) {
  set_geometry(snapshot.resolution, snapshot.window);
  const AcquiredPart all(optimizer_.get(), kAllParts);
  model_.load(snapshot.weights);
  check_same_model(snapshot, config_.model);
  optimizer_->restore(snapshot.optimizer);
  steps_done_ = snapshot.step;
}

Snapshot Trainer::snapshot() const {
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

void Trainer::set_geometry(int64_t resolution, int64_t window) {
  if (model_.has_geometry(resolution, window)) return;
  const AcquiredPart all(optimizer_.get(), kAllParts);
  optimizer_->reset(model_.set_geometry(resolution, window));
}

bool Trainer::in_parts() const {
  return config_.micro_batch > 0 && config_.micro_batch < batch_.size();
}

namespace {

/// Rows that are computed together.
struct Part {
  int64_t start = 0;
  int64_t length = 0;
  bool counts = true;  ///< false: rows of another part once more, for company
};

/// [0, count) in parts of at most `most` rows; at least `number` parts, the last of which counts.
std::vector<Part> parts_of(int64_t count, int64_t most, int64_t number) {
  std::vector<Part> parts;
  const int64_t needed = (count + most - 1) / most;
  for (int64_t i = needed; i < number; ++i) parts.push_back({.length = 1, .counts = false});
  for (int64_t start = 0; start < count; start += most) {
    parts.push_back({.start = start, .length = std::min(most, count - start)});
  }
  return parts;
}

/// Rows made in parts, without a tape.
template <class Encode>
ops::Variable encode_in_parts(int64_t count, const std::vector<Part>& parts, int64_t width,
                              Encode encode) {
  const ops::NoGrad no_grad;
  ops::Tensor rows = ops::Tensor::empty({count, width}, ops::DType::f32);
  for (const Part& part : parts) {
    rows.narrow(part.start, part.length).copy_from(encode(part.start, part.length).value());
  }
  return ops::Variable(rows, /*requires_grad=*/true);
}

std::vector<Part> image_parts(const TrainingBatch& batch, int64_t micro_batch) {
  return parts_of(batch.size(), micro_batch, 1);
}

/// `in_step`: the replicas have different numbers of texts, but must make as many parts.
std::vector<Part> text_parts(const TrainingBatch& batch, int64_t micro_batch, bool in_step) {
  const int64_t most_parts = (batch.size() + micro_batch - 1) / micro_batch;
  return parts_of(batch.texts.count(), micro_batch, in_step ? most_parts : 1);
}

/// Backward of rows that were made in parts, against the gradient of all of them.
template <class Encode>
void backward_in_parts(const std::vector<Part>& parts, const ops::Tensor& grad,
                       DataParallel& optimizer, Encode encode) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto [start, length, counts] = parts[i];
    optimizer.set_last_part(i + 1 == parts.size());
    const ops::Tensor rows = grad.narrow(start, length);
    ops::backward(encode(start, length),
                  counts ? rows : ops::Tensor::zeros(rows.shape(), rows.dtype()));
  }
}

}  // namespace

ops::Variable Trainer::encode_images(int64_t start, int64_t length) const {
  const std::span<const RandomKey> keys = std::span(batch_.keys).subspan(start, length);
  return model_.encode_image(batch_.images.narrow(start, length), DropPath(keys));
}

ops::Variable Trainer::encode_texts(int64_t start, int64_t length) const {
  return model_.encode_text(batch_.texts.slice(start, length));
}

BatchFeatures Trainer::forward(const TrainingBatch& batch) {
  ARNO_CHECK(batch.step == steps_done_, Errc::invalid_argument,
             "[trainer] got the batch of step {}, expected that of step {}", batch.step,
             steps_done_);
  const TrainingStage& stage = schedule_.stages[stage_at(schedule_, batch.step).index];
  set_geometry(stage.resolution, stage.window);
  check_shapes(batch, model_.resolution());
  batch_ = batch;
  const int64_t texts = batch_.texts.count();
  if (in_parts()) {
    const int64_t width = config_.model.projection_dim;
    image_features_ = encode_in_parts(
        batch_.size(), image_parts(batch_, config_.micro_batch), width,
        [this](int64_t start, int64_t length) { return encode_images(start, length); });
    text_features_ = encode_in_parts(
        texts, text_parts(batch_, config_.micro_batch, optimizer_->spreads_parameters()), width,
        [this](int64_t start, int64_t length) { return encode_texts(start, length); });
  } else {
    image_features_ = encode_images(0, batch_.size());
    text_features_ = encode_texts(0, texts);
  }
  paired_text_features_ = ops::gather_rows(text_features_, batch_.text_rows);
  return {.image = image_features_.value(),
          .text = paired_text_features_.value(),
          .log_temperature = model_.log_temperature().value().data<float>()[0]};
}

StepOutcome Trainer::finish_step(const ops::UniclLossResult& loss) {
  ARNO_CHECK(std::isfinite(loss.loss), Errc::diverged, "[trainer] the loss of step {} is {}",
             steps_done_ + 1, loss.loss);
  StopWatch watch;
  const ops::CommTimes before = optimizer_->comm_times();
  optimizer_->begin_backward();
  backward(loss);
  const double norm = optimizer_->finish_backward();
  const double backward_s = watch.lap();
  const double waited_in_backward = optimizer_->comm_times().waited_s - before.waited_s;
  if (!std::isfinite(norm)) {
    optimizer_->drop_gradients();
    fail(Errc::diverged, "[trainer] the gradient norm of step {} is {}", steps_done_ + 1, norm);
  }
  const double learning_rate = learning_rate_at(schedule_, steps_done_);
  const double scale = config_.clip_norm > 0 ? ops::clip_scale(norm, config_.clip_norm) : 1.0;
  optimizer_->step(learning_rate, config_.weight_decay, scale);
  model_.clamp_temperature();
  if (steps_done_++ % kNormEvery == 0 || parameter_norm_ == 0) {
    parameter_norm_ = optimizer_->parameter_norm();
  }
  const ops::CommTimes after = optimizer_->comm_times();
  const double waited = after.waited_s - before.waited_s;
  return {.learning_rate = learning_rate,
          .temperature = model_.temperature(),
          .grad_norm = norm,
          .parameter_norm = parameter_norm_,
          .backward_s = backward_s - waited_in_backward,
          .optimizer_s = watch.lap() - (waited - waited_in_backward),
          .comm_s = after.busy_s - before.busy_s,
          .comm_wait_s = waited};
}

void Trainer::backward(const ops::UniclLossResult& loss) {
  // Unless the features were made in parts, this goes through the towers as well.
  const std::pair<ops::Variable, ops::Tensor> roots[] = {
      {image_features_, loss.grad_image},
      {paired_text_features_, loss.grad_text},
      {model_.log_temperature(),
       ops::Tensor::full({}, ops::DType::f32, loss.grad_log_temperature)}};
  ops::backward(roots);
  if (in_parts()) {
    backward_in_parts(
        image_parts(batch_, config_.micro_batch), image_features_.grad(), *optimizer_,
        [this](int64_t start, int64_t length) { return encode_images(start, length); });
    backward_in_parts(text_parts(batch_, config_.micro_batch, optimizer_->spreads_parameters()),
                      text_features_.grad(), *optimizer_, [this](int64_t start, int64_t length) {
                        return encode_texts(start, length);
                      });
  }
  image_features_ = text_features_ = paired_text_features_ = {};
  batch_ = {};
}

}  // namespace arno::florence
