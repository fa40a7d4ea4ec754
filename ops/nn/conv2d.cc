// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d.h"

#include "ops/core/kernel.h"
#include "ops/math/detail/column_sum.h"
#include "ops/math/detail/gemm.h"
#include "ops/nn/detail/conv2d_kernels.h"

namespace arno::ops {
namespace {

constexpr KernelSet<detail::Conv2dForwardKernel> kForward{
    "conv2d", reference::conv2d_forward, cpu::conv2d_forward, cuda::conv2d_forward};
constexpr KernelSet<detail::Conv2dBackwardDataKernel> kBackwardData{
    "conv2d", reference::conv2d_backward_data, cpu::conv2d_backward_data,
    cuda::conv2d_backward_data};
constexpr KernelSet<detail::Conv2dBackwardWeightsKernel> kBackwardWeights{
    "conv2d", reference::conv2d_backward_weights, cpu::conv2d_backward_weights,
    cuda::conv2d_backward_weights};

/// What forward leaves for backward. Undefined where nobody will ask for it.
struct Saved {
  detail::Conv2dDims dims;
  Tensor x, weight;
  DType weight_dtype, bias_dtype;
  bool bias_requires_grad;
};

void check_parameter(std::string_view name, const Variable& parameter, const Variable& x) {
  ARNO_CHECK(parameter.dtype() == DType::f32 || parameter.dtype() == x.dtype(),
             Errc::dtype_mismatch, "[conv2d] {} has dtype {}, expected f32 or {} (x)", name,
             to_string(parameter.dtype()), to_string(x.dtype()));
}

void check(const Variable& x, const Variable& weight, const Variable& bias,
           const Conv2dOptions& options) {
  ARNO_CHECK(options.stride >= 1 && options.padding >= 0, Errc::invalid_argument,
             "[conv2d] stride {} and padding {}, expected >= 1 and >= 0", options.stride,
             options.padding);
  ARNO_CHECK(x.shape().rank() == 4 && x.shape()[3] >= 1, Errc::shape_mismatch,
             "[conv2d] x has shape {}, expected [B, H, W, C] with C >= 1", x.shape().to_string());
  const Shape& w = weight.shape();
  ARNO_CHECK(w.rank() == 4 && w[1] == x.shape()[3] && w[0] * w[2] * w[3] >= 1, Errc::shape_mismatch,
             "[conv2d] weight has shape {}, expected [O, {}, kh, kw] (x {})", w.to_string(),
             x.shape()[3], x.shape().to_string());
  ARNO_CHECK(
      x.shape()[1] + 2 * options.padding >= w[2] && x.shape()[2] + 2 * options.padding >= w[3],
      Errc::shape_mismatch, "[conv2d] x {} with padding {} is smaller than the window {}",
      x.shape().to_string(), options.padding, w.to_string());
  check_parameter("weight", weight, x);
  if (bias.defined()) {
    check_shape("conv2d", "bias", bias.value(), {w[0]});
    check_parameter("bias", bias, x);
  }
}

detail::Conv2dDims dims_of(const Shape& x, const Shape& weight, const Conv2dOptions& options) {
  const auto windows = [&](int64_t extent, int64_t window) {
    return (extent + 2 * options.padding - window) / options.stride + 1;
  };
  return {.B = x[0],
          .H = x[1],
          .W = x[2],
          .C = x[3],
          .O = weight[0],
          .kh = weight[2],
          .kw = weight[3],
          .Ho = windows(x[1], weight[2]),
          .Wo = windows(x[2], weight[3]),
          .stride = options.stride,
          .padding = options.padding};
}

Tensor forward(const detail::Conv2dDims& dims, const Variable& x, const Variable& weight,
               const Variable& bias) {
  detail::Conv2dForward run{
      .dims = dims,
      .x = x.value(),
      .weight = weight.value_as(x.dtype()),
      .bias = bias.defined() ? bias.value_as(detail::accumulator_of(x.dtype())) : Tensor(),
      .y = Tensor::empty({dims.B, dims.Ho, dims.Wo, dims.O}, x.dtype(), x.device())};
  if (dims.B > 0) kForward.select(x.device(), x.dtype())(run);
  return run.y;
}

Tensor backward_data(const Saved& saved, const Tensor& grad_y) {
  const detail::Conv2dDims& dims = saved.dims;
  detail::Conv2dBackwardData run{
      .dims = dims,
      .grad_y = grad_y,
      .weight = saved.weight,
      .grad_x = Tensor::empty({dims.B, dims.H, dims.W, dims.C}, grad_y.dtype(), grad_y.device())};
  if (dims.B > 0) kBackwardData.select(grad_y.device(), grad_y.dtype())(run);
  return run.grad_x;
}

Tensor backward_weights(const Saved& saved, const Tensor& grad_y) {
  const detail::Conv2dDims& dims = saved.dims;
  const Shape shape{dims.O, dims.C, dims.kh, dims.kw};
  const DType sum = detail::accumulator_of(grad_y.dtype());
  if (dims.B == 0) return Tensor::zeros(shape, saved.weight_dtype, grad_y.device());
  detail::Conv2dBackwardWeights run{.dims = dims,
                                    .x = saved.x,
                                    .grad_y = grad_y,
                                    .grad_weight = Tensor::empty(shape, sum, grad_y.device())};
  kBackwardWeights.select(grad_y.device(), grad_y.dtype())(run);
  return run.grad_weight.to(saved.weight_dtype);
}

std::vector<Tensor> backward(const Saved& saved, const Tensor& grad_y) {
  std::vector<Tensor> grads(3);
  if (saved.weight.defined()) grads[0] = backward_data(saved, grad_y);
  if (saved.x.defined()) grads[1] = backward_weights(saved, grad_y);
  if (saved.bias_requires_grad) {
    const int64_t O = saved.dims.O;
    grads[2] = detail::column_sum(grad_y.reshape({grad_y.numel() / O, O})).to(saved.bias_dtype);
  }
  return grads;
}

OpSample sample(std::string name, const Shape& x, const Shape& weight, Conv2dOptions options) {
  return {.name = std::move(name),
          .inputs =
              [=](Random& random) {
                return std::vector<Tensor>{random_normal(x, random),
                                           random_normal(weight, random, 0.2),
                                           random_normal({weight[0]}, random)};
              },
          .run = [=](std::span<const Variable> in) { return conv2d(in[0], in[1], in[2], options); },
          .keeps_f32 = {1, 2}};
}

std::vector<OpSample> samples() {
  return {sample("3x3_same", {2, 5, 6, 4}, {5, 4, 3, 3}, {.padding = 1}),
          sample("7x7_stem", {1, 17, 15, 3}, {24, 3, 7, 7}, {.stride = 4, .padding = 2}),
          sample("3x3_stride_2", {2, 9, 8, 20}, {33, 20, 3, 3}, {.stride = 2, .padding = 1}),
          sample("1x1", {1, 1, 1, 1}, {1, 1, 1, 1}, {}),
          sample("no_images", {0, 4, 4, 3}, {2, 3, 3, 3}, {})};
}

}  // namespace

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                Conv2dOptions options) {
  check(x, weight, bias, options);
  const detail::Conv2dDims dims = dims_of(x.shape(), weight.shape(), options);
  Tensor y = forward(dims, x, weight, bias);
  if (!needs_grad(std::array{x, weight, bias})) return Variable(std::move(y));
  Saved saved{.dims = dims,
              .weight_dtype = weight.dtype(),
              .bias_dtype = bias.defined() ? bias.dtype() : DType::f32,
              .bias_requires_grad = bias.requires_grad()};
  if (weight.requires_grad()) saved.x = x.value();
  if (x.requires_grad()) saved.weight = weight.value_as(x.dtype());
  return record(std::move(y), {x, weight, bias}, [saved = std::move(saved)](const Tensor& grad_y) {
    return backward(saved, grad_y);
  });
}

const OpDef& conv2d_def() {
  static const OpDef def{"conv2d", "slides a window over images [B, H, W, C]", samples};
  return def;
}

}  // namespace arno::ops
