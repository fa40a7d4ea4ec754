// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/core/parallel.h"

namespace arno::ops {
namespace {

constexpr int64_t kGrain = 1 << 13;
constexpr int64_t kNormBlock = 1 << 12;

/// The step's numbers that are the same for all elements of a parameter.
struct Coefficients {
  float keep;  ///< 1 - lr * decay
  float grad_scale;
  float beta1, beta2;
  float rest1, rest2;  ///< 1 - beta, rounded after the subtraction as PyTorch does
  float step_size;     ///< lr / (1 - beta1^t)
  float rsqrt_bias;    ///< 1 / sqrt(1 - beta2^t)
  float eps;
};

void update(const Coefficients& k, std::span<const float> grad, std::span<float> parameter,
            std::span<float> exp_avg, std::span<float> exp_avg_sq) {
  const float* g = grad.data();
  float* p = parameter.data();
  float* m = exp_avg.data();
  float* v = exp_avg_sq.data();
  parallel_for(static_cast<int64_t>(grad.size()), kGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      const float gradient = g[i] * k.grad_scale;
      m[i] = k.beta1 * m[i] + k.rest1 * gradient;
      v[i] = k.beta2 * v[i] + k.rest2 * gradient * gradient;
      p[i] = p[i] * k.keep - k.step_size * m[i] / (std::sqrt(v[i]) * k.rsqrt_bias + k.eps);
    }
  });
}

}  // namespace

AdamW::AdamW(std::vector<AdamWSlot> slots, AdamWOptions options)
    : slots_(std::move(slots)), options_(options) {
  for (const AdamWSlot& slot : slots_) {
    check_dtype("adamw", slot.name, slot.variable.value(), DType::f32);
    moments_.push_back(fresh(slot.variable));
  }
}

AdamW::Moments AdamW::fresh(const Variable& parameter) {
  return {.exp_avg = Tensor::zeros(parameter.shape(), DType::f32, parameter.device()),
          .exp_avg_sq = Tensor::zeros(parameter.shape(), DType::f32, parameter.device()),
          .steps = Tensor::zeros({}, DType::i64)};
}

void AdamW::step(double learning_rate, double weight_decay, double grad_scale) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    Variable& parameter = slots_[i].variable;
    if (!parameter.grad().defined()) continue;
    Moments& moments = moments_[i];
    const auto t = static_cast<double>(++moments.steps.mutable_data<int64_t>()[0]);
    const double decay = slots_[i].decay ? weight_decay : 0;
    update({.keep = static_cast<float>(1 - learning_rate * decay),
            .grad_scale = static_cast<float>(grad_scale),
            .beta1 = static_cast<float>(options_.beta1),
            .beta2 = static_cast<float>(options_.beta2),
            .rest1 = static_cast<float>(1 - options_.beta1),
            .rest2 = static_cast<float>(1 - options_.beta2),
            .step_size = static_cast<float>(learning_rate / (1 - std::pow(options_.beta1, t))),
            .rsqrt_bias = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t))),
            .eps = static_cast<float>(options_.eps)},
           parameter.grad().data<float>(), parameter.mutable_value().mutable_data<float>(),
           moments.exp_avg.mutable_data<float>(), moments.exp_avg_sq.mutable_data<float>());
  }
}

std::vector<NamedState> AdamW::states() const {
  std::vector<NamedState> out;
  for (size_t i = 0; i < slots_.size(); ++i) {
    out.push_back({"exp_avg." + slots_[i].name, moments_[i].exp_avg});
    out.push_back({"exp_avg_sq." + slots_[i].name, moments_[i].exp_avg_sq});
    out.push_back({"steps." + slots_[i].name, moments_[i].steps});
  }
  return out;
}

void AdamW::reset_state(const std::string& name) {
  const auto found = std::ranges::find(slots_, name, &AdamWSlot::name);
  ARNO_CHECK(found != slots_.end(), Errc::invalid_argument, "[adamw] no parameter \"{}\"", name);
  moments_[found - slots_.begin()] = fresh(found->variable);
}

namespace {

/// In f64, in lanes that do not wait for each other.
double sum_of_squares_in_block(std::span<const float> values) {
  constexpr size_t kLanes = 32;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[i + lane];
      lanes[lane] += value * value;
    }
  }
  for (; i < values.size(); ++i) lanes[0] += static_cast<double>(values[i]) * values[i];
  return std::accumulate(std::begin(lanes), std::end(lanes), 0.0);
}

/// In blocks of fixed size and order, so that the number of threads changes nothing.
double sum_of_squares(std::span<const float> values) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<double> blocks((count + kNormBlock - 1) / kNormBlock);
  parallel_for(static_cast<int64_t>(blocks.size()), 2, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kNormBlock;
      blocks[block] =
          sum_of_squares_in_block(values.subspan(first, std::min(count - first, kNormBlock)));
    }
  });
  double total = 0;
  for (const double sum : blocks) total += sum;
  return total;
}

}  // namespace

std::vector<double> squared_grad_norms(std::span<const AdamWSlot> slots) {
  std::vector<double> squares;
  for (const AdamWSlot& slot : slots) {
    const Tensor& grad = slot.variable.grad();
    squares.push_back(grad.defined() ? sum_of_squares(grad.data<float>()) : 0);
  }
  return squares;
}

std::vector<double> squared_parameter_norms(std::span<const AdamWSlot> slots) {
  std::vector<double> squares;
  for (const AdamWSlot& slot : slots) {
    squares.push_back(sum_of_squares(slot.variable.value().data<float>()));
  }
  return squares;
}

double norm_of(std::span<const double> squares) {
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

double global_grad_norm(std::span<const AdamWSlot> slots) {
  return norm_of(squared_grad_norms(slots));
}

double global_parameter_norm(std::span<const AdamWSlot> slots) {
  return norm_of(squared_parameter_norms(slots));
}

double clip_scale(double norm, double max_norm) { return std::min(1.0, max_norm / (norm + 1e-6)); }

}  // namespace arno::ops
