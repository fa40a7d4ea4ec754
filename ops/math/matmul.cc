// SPDX-License-Identifier: Apache-2.0
#include "ops/math/matmul.h"

#include "ops/math/detail/gemm.h"

namespace arno::ops {
namespace {

/// What forward leaves for backward. Undefined where nobody will ask for it.
struct Saved {
  Tensor x;
  Tensor weight;
  DType weight_dtype;
};

void check(const Variable& x, const Variable& weight) {
  ARNO_CHECK(x.shape().rank() == 2, Errc::shape_mismatch,
             "[matmul] x has shape {}, expected [M, K]", x.shape().to_string());
  ARNO_CHECK(weight.shape().rank() == 2 && weight.shape()[0] == x.shape()[1], Errc::shape_mismatch,
             "[matmul] weight has shape {}, expected [{}, N] (x {})", weight.shape().to_string(),
             x.shape()[1], x.shape().to_string());
  ARNO_CHECK(weight.dtype() == DType::f32 || weight.dtype() == x.dtype(), Errc::dtype_mismatch,
             "[matmul] weight has dtype {}, expected f32 or {} (x)", to_string(weight.dtype()),
             to_string(x.dtype()));
}

Tensor forward(const Variable& x, const Variable& weight) {
  Tensor y = Tensor::empty({x.shape()[0], weight.shape()[1]}, x.dtype(), x.device());
  detail::gemm({.a = x.value(), .b = weight.value_as(x.dtype()), .out = y});
  return y;
}

std::vector<Tensor> backward(const Saved& saved, const Tensor& grad) {
  Tensor grad_x, grad_weight;
  if (saved.weight.defined()) {
    grad_x = Tensor::empty({grad.dim(0), saved.weight.dim(0)}, grad.dtype(), grad.device());
    detail::gemm({.a = grad, .b = saved.weight, .transpose_b = true, .out = grad_x});
  }
  if (saved.x.defined()) {
    grad_weight = Tensor::empty({saved.x.dim(1), grad.dim(1)}, detail::accumulator_of(grad.dtype()),
                                grad.device());
    detail::gemm({.a = saved.x, .b = grad, .transpose_a = true, .out = grad_weight});
    grad_weight = grad_weight.to(saved.weight_dtype);
  }
  return {grad_x, grad_weight};
}

OpSample sample(std::string name, int64_t m, int64_t k, int64_t n) {
  return {.name = std::move(name),
          .inputs =
              [=](Random& random) {
                return std::vector<Tensor>{random_normal({m, k}, random),
                                           random_normal({k, n}, random, 0.2)};
              },
          .run = [](std::span<const Variable> in) { return matmul(in[0], in[1]); },
          .keeps_f32 = {1}};
}

std::vector<OpSample> samples() {
  return {sample("3x5x7", 3, 5, 7), sample("65x130x33", 65, 130, 33), sample("1x1x1", 1, 1, 1),
          sample("0x4x3", 0, 4, 3)};
}

}  // namespace

Variable matmul(const Variable& x, const Variable& weight) {
  check(x, weight);
  Tensor y = forward(x, weight);
  if (!needs_grad(std::array{x, weight})) return Variable(std::move(y));
  Saved saved{.weight_dtype = weight.dtype()};
  if (weight.requires_grad()) saved.x = x.value();
  if (x.requires_grad()) saved.weight = weight.value_as(x.dtype());
  return record(std::move(y), {x, weight},
                [saved = std::move(saved)](const Tensor& grad) { return backward(saved, grad); });
}

const OpDef& matmul_def() {
  static const OpDef def{"matmul", "y = x weight of two matrices", samples};
  return def;
}

}  // namespace arno::ops
