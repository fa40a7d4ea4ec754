// SPDX-License-Identifier: Apache-2.0
#include "florence/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/math/gather_rows.h"

namespace arno::florence {
namespace {

/// Everything of a batch has to be of one size.
void check_shapes(const TrainingBatch& batch, int64_t resolution) {
  const int64_t size = batch.size();
  ops::check_shape("trainer", "images", batch.images, {size, resolution, resolution, 3});
  ops::check_shape("trainer", "text_rows", batch.text_rows, {size});
  ARNO_CHECK(static_cast<int64_t>(batch.keys.size()) == size, Errc::shape_mismatch,
             "[trainer] found {} keys for {} samples", batch.keys.size(), size);
}

/// What all slices have, in the order of the whole model's parameters. `own`: of the slice with the
/// top, where `own_image` elements belong to the image tower.
template <class T>
std::vector<T> in_whole_order(const std::vector<T>& image_front, const std::vector<T>& own,
                              const std::vector<T>& text_front, size_t own_image) {
  const auto middle = own.begin() + static_cast<std::ptrdiff_t>(std::min(own_image, own.size()));
  std::vector<T> out = image_front;
  out.insert(out.end(), own.begin(), middle);
  out.insert(out.end(), text_front.begin(), text_front.end());
  out.insert(out.end(), middle, own.end());
  return out;
}

}  // namespace

Trainer::Trainer(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
                 std::shared_ptr<ops::Communicator> group, const ModelSlice& slice)
    : config_(std::move(config)),
      slice_(config_, std::move(schedule), seed, std::move(group), slice) {
  ARNO_CHECK(slice.top, Errc::invalid_argument, "[trainer] found a slice without the top");
}

size_t Trainer::image_parameters() const {
  return static_cast<size_t>(std::ranges::count_if(
      model().parameters().all(),
      [](const Parameter& parameter) { return parameter.name.starts_with("image_encoder."); }));
}

Snapshot Trainer::snapshot(const Snapshot* image_front, const Snapshot* text_front) const {
  Snapshot out = snapshot();
  const Snapshot none;
  const Snapshot& image = image_front ? *image_front : none;
  const Snapshot& text = text_front ? *text_front : none;
  const size_t own = image_parameters();
  const size_t states = out.optimizer.size() / std::max<size_t>(1, out.weights.size());
  out.weights = in_whole_order(image.weights, out.weights, text.weights, own);
  out.optimizer = in_whole_order(image.optimizer, out.optimizer, text.optimizer, own * states);
  return out;
}

bool Trainer::awaits(Tower tower) const {
  const ModelSlice& slice = model().slice();
  return (tower == Tower::image ? slice.image : slice.text).first > 0;
}

TowerPass Trainer::image_pass(bool in_parts) const {
  const auto encode = [this](const RowPart& rows, const ops::Variable& input) {
    const DropPath drop_path(std::span(batch_.keys).subspan(rows.start, rows.length));
    return input.defined()
               ? model().forward_image(input, drop_path)
               : model().encode_image(batch_.images.narrow(rows.start, rows.length), drop_path);
  };
  const int64_t most = in_parts ? config_.micro_batch : batch_.size();
  return {parts_of(batch_.size(), most), in_parts, config_.model.projection_dim, encode};
}

TowerPass Trainer::text_pass(bool in_parts) const {
  const auto encode = [this](const RowPart& rows, const ops::Variable& input) {
    return model().forward_text(batch_.texts.slice(rows.start, rows.length), input);
  };
  const int64_t texts = batch_.texts.count();
  const int64_t most = in_parts ? config_.micro_batch : texts;
  // Replicas have different numbers of texts, but where each call is collective they must make as
  // many parts.
  const bool in_step = in_parts && slice_.optimizer().spreads_parameters();
  const auto parts = parts_of(texts, most, in_step ? (batch_.size() + most - 1) / most : 1);
  return {parts, in_parts, config_.model.projection_dim, encode};
}

void Trainer::begin(const TrainingBatch& batch) {
  slice_.begin_step(batch.step);
  check_shapes(batch, model().resolution());
  batch_ = batch;
  const bool in_parts = is_in_parts(batch.size(), config_.micro_batch);
  pass(Tower::image) = image_pass(in_parts);
  pass(Tower::text) = text_pass(in_parts);
  phase_ = Phase::features;
  for (const Tower tower : {Tower::image, Tower::text}) {
    for (size_t i = 0; i < pass(tower).parts() && !awaits(tower); ++i) {
      pass(tower).add_features(i, {});
    }
  }
}

bool Trainer::accepts(const MicroBatch& part) const {
  if (part.step != steps_done()) return false;
  // One tower may be ahead: what it sends for backward waits until the other one has its features.
  if (phase_ == Phase::features)
    return part.taped != is_in_parts(batch_.size(), config_.micro_batch);
  return phase_ == Phase::backward && next_ < order_.size() && order_[next_].tower == part.tower;
}

std::vector<ActivationGradient> Trainer::add(const MicroBatch& part) {
  TowerPass& tower = pass(part.tower);
  const auto number = static_cast<size_t>(part.number);
  ARNO_CHECK(awaits(part.tower) && accepts(part) && number < tower.parts() &&
                 part.count == static_cast<int64_t>(tower.parts()),
             Errc::invalid_argument, "[trainer] got micro-batch {} of {} of step {} in step {}",
             part.number, part.count, part.step, steps_done());
  if (phase_ == Phase::features) {
    ARNO_CHECK(number == tower.made(), Errc::invalid_argument,
               "[trainer] got micro-batch {} of step {}, expected {}", part.number, part.step,
               tower.made());
    tower.add_features(number, part.input);
    return {};
  }
  const Turn turn = order_[next_++];
  ARNO_CHECK(turn.part == number, Errc::invalid_argument,
             "[trainer] got micro-batch {} for its backward, expected {}", number, turn.part);
  ActivationGradient gradient{.tower = part.tower, .step = part.step, .number = part.number};
  gradient.grad = backward_of(turn, part.input);
  go_on();
  return {gradient};
}

bool Trainer::has_features() const {
  return phase_ == Phase::features && std::ranges::all_of(passes_, &TowerPass::is_complete);
}

BatchFeatures Trainer::features() {
  phase_ = Phase::loss;
  paired_text_features_ = ops::gather_rows(pass(Tower::text).features(), batch_.text_rows);
  return {.image = pass(Tower::image).features().value(),
          .text = paired_text_features_.value(),
          .log_temperature = model().log_temperature().value().data<float>()[0]};
}

std::vector<ActivationGradient> Trainer::begin_backward(const ops::UniclLossResult& loss) {
  ARNO_CHECK(std::isfinite(loss.loss), Errc::diverged, "[trainer] the loss of step {} is {}",
             steps_done() + 1, loss.loss);
  watch_.lap();
  comm_before_ = slice_.optimizer().comm_times();
  slice_.optimizer().begin_backward();
  // Unless the features were made in parts, this goes through the towers as well.
  const std::pair<ops::Variable, ops::Tensor> roots[] = {
      {pass(Tower::image).features(), loss.grad_image},
      {paired_text_features_, loss.grad_text},
      {model().log_temperature(),
       ops::Tensor::full({}, ops::DType::f32, loss.grad_log_temperature)}};
  ops::backward(roots);
  phase_ = Phase::backward;
  order_.clear();
  next_ = 0;
  if (!is_in_parts(batch_.size(), config_.micro_batch)) {
    std::vector<ActivationGradient> gradients;
    for (const Tower tower : {Tower::image, Tower::text}) {
      if (!awaits(tower)) continue;
      gradients.push_back({.tower = tower, .step = batch_.step, .grad = pass(tower).input_grad()});
    }
    return gradients;
  }
  order_ = turns_of(pass(Tower::image).parts(), pass(Tower::text).parts());
  go_on();
  return {};
}

/// Makes the backward of parts until one has to come.
void Trainer::go_on() {
  while (next_ < order_.size() && !awaits(order_[next_].tower)) backward_of(order_[next_++], {});
}

ops::Tensor Trainer::backward_of(const Turn& turn, const ops::Tensor& input) {
  slice_.optimizer().set_last_part(turn.part + 1 == pass(turn.tower).parts());
  return pass(turn.tower).backward(turn.part, input);
}

StepOutcome Trainer::finish(const FrontSquares& front) {
  DataParallel& optimizer = slice_.optimizer();
  const std::vector<double> own = optimizer.finish_backward();
  const double norm =
      ops::norm_of(in_whole_order(front.image, own, front.text, image_parameters()));
  const double backward_s = watch_.lap();
  const double waited_in_backward = optimizer.comm_times().waited_s - comm_before_.waited_s;
  passes_ = {};
  paired_text_features_ = {};
  batch_ = {};
  phase_ = Phase::idle;
  if (!std::isfinite(norm)) {
    optimizer.drop_gradients();
    fail(Errc::diverged, "[trainer] the gradient norm of step {} is {}", steps_done() + 1, norm);
  }
  const double scale = config_.clip_norm > 0 ? ops::clip_scale(norm, config_.clip_norm) : 1.0;
  const bool measures = measures_next();
  const double learning_rate = slice_.finish_step(scale);
  if (measures && model().slice().is_whole()) measure_parameters({});
  const ops::CommTimes after = optimizer.comm_times();
  const double waited = after.waited_s - comm_before_.waited_s;
  return {.learning_rate = learning_rate,
          .temperature = model().temperature(),
          .grad_norm = norm,
          .grad_scale = scale,
          .parameter_norm = parameter_norm_,
          .backward_s = backward_s - waited_in_backward,
          .optimizer_s = watch_.lap() - (waited - waited_in_backward),
          .comm_s = after.busy_s - comm_before_.busy_s,
          .comm_wait_s = waited};
}

void Trainer::measure_parameters(const FrontSquares& front) {
  const std::vector<double> own = slice_.optimizer().parameter_squares();
  parameter_norm_ = ops::norm_of(in_whole_order(front.image, own, front.text, image_parameters()));
}

BatchFeatures Trainer::forward(const TrainingBatch& batch) {
  begin(batch);
  return features();
}

StepOutcome Trainer::finish_step(const ops::UniclLossResult& loss) {
  begin_backward(loss);
  return finish({});
}

}  // namespace arno::florence
