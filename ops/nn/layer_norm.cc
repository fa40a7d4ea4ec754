// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/layer_norm.h"

#include "ops/core/kernel.h"
#include "ops/math/detail/column_sum.h"
#include "ops/math/detail/gemm.h"
#include "ops/nn/detail/layer_norm_kernels.h"

namespace arno::ops {
namespace {

constexpr KernelSet<detail::LayerNormForwardKernel> kForward{
    "layer_norm", reference::layer_norm_forward, cpu::layer_norm_forward, cuda::layer_norm_forward};
constexpr KernelSet<detail::LayerNormBackwardKernel> kBackward{
    "layer_norm", reference::layer_norm_backward, cpu::layer_norm_backward,
    cuda::layer_norm_backward};

/// What forward leaves for backward.
struct Saved {
  Tensor x, weight, mean, rstd;
  Shape shape;
  DType weight_dtype, bias_dtype;
};

void check_parameter(std::string_view name, const Variable& parameter, const Variable& x) {
  check_shape("layer_norm", name, parameter.value(), {x.shape()[-1]});
  ARNO_CHECK(parameter.dtype() == DType::f32 || parameter.dtype() == x.dtype(),
             Errc::dtype_mismatch, "[layer_norm] {} has dtype {}, expected f32 or {} (x)", name,
             to_string(parameter.dtype()), to_string(x.dtype()));
}

void check(const Variable& x, const Variable& weight, const Variable& bias) {
  ARNO_CHECK(x.shape().rank() >= 1 && x.shape()[-1] >= 1, Errc::shape_mismatch,
             "[layer_norm] x has shape {}, expected [..., C] with C >= 1", x.shape().to_string());
  check_parameter("weight", weight, x);
  check_parameter("bias", bias, x);
}

std::vector<Tensor> backward(const Saved& saved, const Tensor& grad_y) {
  const Tensor grad_x = Tensor::empty(saved.x.shape(), grad_y.dtype(), grad_y.device());
  const detail::LayerNormGrads grads = detail::layer_norm_rows_backward(
      saved.x, saved.weight, saved.mean, saved.rstd, grad_y.reshape(saved.x.shape()), grad_x);
  return {grad_x.reshape(saved.shape), grads.weight.to(saved.weight_dtype),
          grads.bias.to(saved.bias_dtype)};
}

OpSample sample(std::string name, const Shape& x) {
  return {.name = std::move(name),
          .inputs =
              [x](Random& random) {
                return std::vector<Tensor>{random_normal(x, random, 2.0),
                                           random_normal({x[-1]}, random),
                                           random_normal({x[-1]}, random)};
              },
          .run = [](std::span<const Variable> in) { return layer_norm(in[0], in[1], in[2]); },
          .keeps_f32 = {1, 2}};
}

std::vector<OpSample> samples() {
  // One column has no variance: rounding errors are divided by sqrt(eps).
  OpSample single = sample("2x1", {2, 1});
  single.tolerance_f32 = 1e-4;
  return {sample("2x3x8", {2, 3, 8}), sample("130x67", {130, 67}), sample("0x8", {0, 8}),
          std::move(single)};
}

}  // namespace

namespace detail {

LayerNormForward layer_norm_rows(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                 double eps) {
  const DType sum = accumulator_of(x.dtype());
  LayerNormForward run{.x = x,
                       .weight = weight,
                       .bias = bias,
                       .eps = eps,
                       .y = Tensor::empty(x.shape(), x.dtype(), x.device()),
                       .mean = Tensor::empty({x.dim(0)}, sum, x.device()),
                       .rstd = Tensor::empty({x.dim(0)}, sum, x.device())};
  kForward.select(x.device(), x.dtype())(run);
  return run;
}

// With g = grad_y * weight and h = (x - mean) * rstd:
//     grad_x = rstd * (g - mean(g) - h * mean(g * h))
LayerNormGrads layer_norm_rows_backward(const Tensor& x, const Tensor& weight, const Tensor& mean,
                                        const Tensor& rstd, const Tensor& grad_y,
                                        const Tensor& grad_x) {
  const int64_t C = x.dim(1);
  const int64_t blocks = (x.dim(0) + kLayerNormBlockRows - 1) / kLayerNormBlockRows;
  LayerNormBackward run{
      .x = x,
      .weight = weight,
      .mean = mean,
      .rstd = rstd,
      .grad_y = grad_y,
      .grad_x = grad_x,
      .grad_parameters = Tensor::empty({blocks, 2 * C}, mean.dtype(), grad_y.device())};
  kBackward.select(grad_y.device(), grad_y.dtype())(run);
  const Tensor sums = column_sum(run.grad_parameters);
  return {sums.narrow(0, C), sums.narrow(C, C)};
}

}  // namespace detail

Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias,
                    LayerNormOptions options) {
  check(x, weight, bias);
  const int64_t C = x.shape()[-1];
  const DType sum = detail::accumulator_of(x.dtype());
  const detail::LayerNormForward run =
      detail::layer_norm_rows(x.value().reshape({x.shape().numel() / C, C}), weight.value_as(sum),
                              bias.value_as(sum), options.eps);
  return record(
      run.y.reshape(x.shape()), {x, weight, bias},
      [saved = Saved{run.x, run.weight, run.mean, run.rstd, x.shape(), weight.dtype(),
                     bias.dtype()}](const Tensor& grad_y) { return backward(saved, grad_y); });
}

const OpDef& layer_norm_def() {
  static const OpDef def{"layer_norm", "normalises the last dimension, then scales and shifts",
                         samples};
  return def;
}

}  // namespace arno::ops
