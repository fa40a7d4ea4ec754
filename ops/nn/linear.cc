// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/linear.h"

#include "ops/math/detail/column_sum.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops {
namespace {

/// What forward leaves for backward. Undefined where nobody will ask for it.
struct Saved {
  Tensor x;       ///< [M, K]
  Tensor weight;  ///< [N, K]
  Shape x_shape;
  DType weight_dtype;
  DType bias_dtype;
  bool bias_requires_grad;
};

void check_parameter(std::string_view name, const Variable& parameter, const Variable& x) {
  ARNO_CHECK(parameter.dtype() == DType::f32 || parameter.dtype() == x.dtype(),
             Errc::dtype_mismatch, "[linear] {} has dtype {}, expected f32 or {} (x)", name,
             to_string(parameter.dtype()), to_string(x.dtype()));
}

/// The shape of y.
Shape check(const Variable& x, const Variable& weight, const Variable& bias) {
  ARNO_CHECK(x.shape().rank() >= 1, Errc::shape_mismatch, "[linear] x is a scalar");
  const int64_t K = x.shape()[-1];
  ARNO_CHECK(weight.shape().rank() == 2 && weight.shape()[1] == K, Errc::shape_mismatch,
             "[linear] weight has shape {}, expected [N, {}] (last dim of x {})",
             weight.shape().to_string(), K, x.shape().to_string());
  check_parameter("weight", weight, x);
  if (bias.defined()) {
    check_shape("linear", "bias", bias.value(), {weight.shape()[0]});
    check_parameter("bias", bias, x);
  }
  return x.shape().with(-1, weight.shape()[0]);
}

Shape as_matrix(const Shape& shape) {
  int64_t rows = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
  return {rows, shape[-1]};
}

Tensor forward(const Variable& x, const Variable& weight, const Variable& bias,
               const Shape& shape) {
  Tensor y = Tensor::empty(as_matrix(shape), x.dtype(), x.device());
  detail::gemm(
      {.a = x.value().reshape(as_matrix(x.shape())),
       .b = weight.value_as(x.dtype()),
       .transpose_b = true,
       .bias = bias.defined() ? bias.value_as(detail::accumulator_of(x.dtype())) : Tensor(),
       .out = y});
  return y.reshape(shape);
}

std::vector<Tensor> backward(const Saved& saved, const Tensor& grad_y) {
  const Tensor grad = grad_y.reshape(as_matrix(grad_y.shape()));
  Tensor grad_x, grad_weight, grad_bias;
  if (saved.weight.defined()) {
    grad_x = Tensor::empty(as_matrix(saved.x_shape), grad.dtype(), grad.device());
    detail::gemm({.a = grad, .b = saved.weight, .out = grad_x});
    grad_x = grad_x.reshape(saved.x_shape);
  }
  if (saved.x.defined()) {
    grad_weight = Tensor::empty({grad.dim(1), saved.x.dim(1)}, detail::accumulator_of(grad.dtype()),
                                grad.device());
    detail::gemm({.a = grad, .b = saved.x, .transpose_a = true, .out = grad_weight});
    grad_weight = grad_weight.to(saved.weight_dtype);
  }
  if (saved.bias_requires_grad) grad_bias = detail::column_sum(grad).to(saved.bias_dtype);
  return {grad_x, grad_weight, grad_bias};
}

OpSample sample(std::string name, const Shape& x, int64_t n, bool with_bias) {
  return {.name = std::move(name),
          .inputs =
              [=](Random& random) {
                std::vector<Tensor> in{random_normal(x, random),
                                       random_normal({n, x[-1]}, random, 0.2)};
                if (with_bias) in.push_back(random_normal({n}, random));
                return in;
              },
          .run =
              [=](std::span<const Variable> in) {
                return linear(in[0], in[1], with_bias ? in[2] : Variable());
              },
          .keeps_f32 = {1, 2}};
}

std::vector<OpSample> samples() {
  return {sample("3x5_to_7", {3, 5}, 7, true), sample("2x3x33_to_17", {2, 3, 33}, 17, false),
          sample("130x70_to_65", {130, 70}, 65, true), sample("1x1_to_1", {1, 1}, 1, true),
          sample("0x4_to_3", {0, 4}, 3, true)};
}

}  // namespace

Variable linear(const Variable& x, const Variable& weight, const Variable& bias) {
  const Shape shape = check(x, weight, bias);
  Tensor y = forward(x, weight, bias, shape);
  if (!needs_grad(std::array{x, weight, bias})) return Variable(std::move(y));
  Saved saved{.x_shape = x.shape(),
              .weight_dtype = weight.dtype(),
              .bias_dtype = bias.defined() ? bias.dtype() : DType::f32,
              .bias_requires_grad = bias.requires_grad()};
  if (weight.requires_grad()) saved.x = x.value().reshape(as_matrix(x.shape()));
  if (x.requires_grad()) saved.weight = weight.value_as(x.dtype());
  return record(std::move(y), {x, weight, bias},
                [saved = std::move(saved)](const Tensor& grad) { return backward(saved, grad); });
}

const OpDef& linear_def() {
  static const OpDef def{"linear", "y = x weight^T + bias over the last dimension", samples};
  return def;
}

}  // namespace arno::ops
