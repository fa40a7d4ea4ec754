// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "ops/core/tensor.h"

namespace arno::ops {

/// Turns the gradient of an op's output into the gradients of its inputs, in their order. An
/// undefined tensor stands for "none". Gradients of activations have the activation's dtype,
/// gradients of parameters the parameter's.
using Backward = std::function<std::vector<Tensor>(const Tensor& grad_output)>;

/// A tensor on the tape. A cheap handle: copies are the same variable.
///
/// A leaf is a parameter or an input; every other variable is the output of an op. Only leaves
/// keep a gradient after backward().
class Variable {
 public:
  Variable() = default;
  /// A leaf. `requires_grad`: backward() accumulates into grad().
  explicit Variable(Tensor value, bool requires_grad = false);

  bool defined() const { return state_ != nullptr; }
  const Tensor& value() const;
  const Shape& shape() const { return value().shape(); }
  DType dtype() const { return value().dtype(); }
  Device device() const { return value().device(); }
  bool requires_grad() const;

  /// The value for writing; copies made by value_as() are made anew after this call.
  Tensor& mutable_value();
  /// Replaces the value of a leaf by one that may have another shape; drops the gradient.
  void assign(Tensor value);
  /// The value in another floating dtype. The copy is kept until mutable_value() is called, so
  /// that an f32 parameter is rounded to bf16 once a step, not once a use.
  const Tensor& value_as(DType dtype) const;

  /// The accumulated gradient of a leaf; undefined before the first backward(). Read only: it may
  /// share its elements with another leaf's.
  const Tensor& grad() const;
  /// Drops the gradient.
  void clear_grad();
  /// Replaces the gradient of a leaf. Throws shape_mismatch unless it fits the value.
  void set_grad(Tensor grad);
  /// `call` runs inside backward() whenever the gradient of this leaf has become final: no recorded
  /// op is left that could add to it. A leaf that several checkpointed bodies use is reported after
  /// each of them. {} ends it.
  void on_final_grad(std::function<void()> call);

  /// For the tape alone.
  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

/// Whether an op over these inputs has to be recorded.
bool needs_grad(std::span<const Variable> inputs);

/// The output of an op. Recorded on the tape when one of the inputs requires a gradient (and
/// recording is on); else a leaf, and `backward` is dropped with everything it holds.
Variable record(Tensor output, const std::vector<Variable>& inputs, Backward backward);

/// Accumulates d(sum_i <root_i, grad_i>)/d(leaf) into the grad() of every leaf that requires one.
///
/// Kernels write gradients; the tape adds them, in the reverse order of recording, so a sum has
/// always the same order; parameter gradients accumulate across calls. Frees the tape as it goes.
/// Throws shape_mismatch when a gradient does not fit its root.
void backward(std::span<const std::pair<Variable, Tensor>> roots);
/// The same for one root; without a gradient the root must be a scalar and 1 is taken.
void backward(const Variable& root, Tensor grad = {});

/// While one lives, this thread records nothing.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// Activation checkpointing (Florence, section 2.7): runs `body(input)` without recording and runs
/// it again during backward(), so that nothing inside is kept in between. `body` must give the
/// same result twice: draws come from keys, never from a generator's state.
Variable checkpoint(std::function<Variable(const Variable&)> body, const Variable& input);

}  // namespace arno::ops
