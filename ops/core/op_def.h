// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/random.h"
#include "ops/autograd/variable.h"

namespace arno::ops {

/// One way to call an op. The generic tests run it in f64 against finite differences, and the
/// fast kernels in f32 and bf16 against the plain loop in f64.
struct OpSample {
  std::string name;  ///< "2x3x8"
  /// Inputs in f64 (integer inputs in their own dtype).
  std::function<std::vector<Tensor>(Random&)> inputs;
  /// Calls the op. Floating inputs come in the tested dtype, except those in `keeps_f32`.
  std::function<Variable(std::span<const Variable>)> run;
  /// Indices of inputs that stay f32 when activations are bf16 (parameters).
  std::vector<size_t> keeps_f32 = {};
  /// Indices of floating inputs that take no gradient (masks, targets).
  std::vector<size_t> constants = {};
  /// Largest allowed |fast - reference| / (1 + |reference|), output and gradients.
  double tolerance_f32 = 1e-5;
  double tolerance_bf16 = 3e-2;
  bool runs_in_bf16 = true;
};

/// The declaration of an op: docs and generic tests come from it.
struct OpDef {
  std::string_view name;
  std::string_view doc;  ///< one line
  std::vector<OpSample> (*samples)();
};

/// Every op, by name. An op is added with its files and one line in ops/all_ops.cc.
std::span<const OpDef* const> all_ops();

/// Standard normal values, f64: what most samples feed in.
Tensor random_normal(const Shape& shape, Random& random, double scale = 1.0);

}  // namespace arno::ops
