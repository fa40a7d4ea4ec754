// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ops/autograd/variable.h"

namespace arno::ops {

/// A parameter of the optimiser.
struct AdamWSlot {
  std::string name;    ///< in checkpoints
  Variable variable;   ///< f32
  bool decay = false;  ///< weight decay applies
};

/// The constants of AdamW; the defaults are those of CLIP (Radford et al. 2021) for ViT models.
struct AdamWOptions {
  double beta1 = 0.9;   ///< decay of the mean of gradients
  double beta2 = 0.98;  ///< decay of the mean of squared gradients
  double eps = 1e-6;    ///< added to the root of the latter
};

/// A tensor of the optimiser's state under the name it has in a checkpoint.
struct NamedState {
  std::string name;  ///< "exp_avg.<parameter>", "exp_avg_sq.<parameter>", "steps.<parameter>"
  Tensor value;      ///< shares with the optimiser
};

/// AdamW (Loshchilov and Hutter 2019), step for step as torch.optim.AdamW: decoupled decay
/// p -= lr * decay * p, then p -= lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps).
/// Everything in f32. A parameter without a gradient is left alone, its count t too.
class AdamW {
 public:
  /// Zero moments. Throws dtype_mismatch for a parameter that is not f32.
  AdamW(std::vector<AdamWSlot> slots, AdamWOptions options);

  /// One step. Gradients are multiplied by `grad_scale` (clipping) and not changed.
  void step(double learning_rate, double weight_decay, double grad_scale);

  const std::vector<AdamWSlot>& slots() const { return slots_; }
  /// Three a slot, in the order of the slots. Writing to them restores a checkpoint.
  std::vector<NamedState> states() const;
  /// Zero moments of the parameter's present shape, t = 0: for one that changed its shape.
  void reset_state(const std::string& name);

 private:
  struct Moments {
    Tensor exp_avg, exp_avg_sq;
    Tensor steps;  ///< i64 []
  };
  static Moments fresh(const Variable& parameter);

  std::vector<AdamWSlot> slots_;
  std::vector<Moments> moments_;
  AdamWOptions options_;
};

/// The squared 2-norm of each slot's gradient; 0 where there is none. Summed in f64, in blocks of
/// fixed size and order. Not finite when a gradient is not: the caller looks before it steps.
std::vector<double> squared_grad_norms(std::span<const AdamWSlot> slots);
/// The same of each slot's parameter.
std::vector<double> squared_parameter_norms(std::span<const AdamWSlot> slots);
/// The 2-norm of everything that `squares` were taken of, which are summed in their order.
double norm_of(std::span<const double> squares);

/// The 2-norm of all gradients together.
double global_grad_norm(std::span<const AdamWSlot> slots);
/// The 2-norm of all parameters together.
double global_parameter_norm(std::span<const AdamWSlot> slots);

/// What gradients are multiplied with so that their norm is at most `max_norm`, as
/// torch.nn.utils.clip_grad_norm_ does it: min(1, max_norm / (norm + 1e-6)).
double clip_scale(double norm, double max_norm);

}  // namespace arno::ops
