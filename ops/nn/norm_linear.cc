// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/norm_linear.h"

#include "ops/math/detail/gemm.h"
#include "ops/nn/detail/layer_norm_kernels.h"
#include "ops/nn/detail/parameter_grads.h"
#include "ops/nn/detail/row_chunks.h"

namespace arno::ops {
namespace {

using detail::RowChunk;

/// What forward leaves for backward.
struct Saved {
  Tensor x;                       ///< [rows, K]
  Tensor norm_weight, norm_bias;  ///< in the accumulator's dtype
  Tensor weight;                  ///< in the dtype that the products run in
  Shape shape;                    ///< of x
  double eps;
  std::vector<DType> dtypes;  ///< of the four parameters
};

void check(const Variable& x, const NormLinearParameters& p) {
  ARNO_CHECK(x.shape().rank() >= 2 && x.shape()[-1] >= 1, Errc::shape_mismatch,
             "[norm_linear] x has shape {}, expected [B, ..., K] with K >= 1",
             x.shape().to_string());
  const int64_t K = x.shape()[-1];
  const Shape& weight = p.weight.shape();
  ARNO_CHECK(weight.rank() == 2 && weight[1] == K, Errc::shape_mismatch,
             "[norm_linear] weight has shape {}, expected [N, {}] (x {})", weight.to_string(), K,
             x.shape().to_string());
  check_shape("norm_linear", "norm_weight", p.norm_weight.value(), {K});
  check_shape("norm_linear", "norm_bias", p.norm_bias.value(), {K});
  check_shape("norm_linear", "bias", p.bias.value(), {weight[0]});
}

Tensor forward(const Saved& saved, const Tensor& bias) {
  Tensor y =
      Tensor::empty({saved.x.dim(0), saved.weight.dim(0)}, saved.x.dtype(), saved.x.device());
  detail::for_each_row_chunk(saved.shape, [&](const RowChunk& chunk) {
    const DType dtype = saved.weight.dtype();
    const Tensor norm = detail::layer_norm_rows(chunk.of(saved.x).to(dtype), saved.norm_weight,
                                                saved.norm_bias, saved.eps)
                            .y;
    const Tensor to = chunk.to_write(y, dtype);
    detail::gemm({.a = norm, .b = saved.weight, .transpose_b = true, .bias = bias, .out = to});
    chunk.store(to, y);
  });
  return y;
}

std::vector<Tensor> backward(const Saved& saved, const Tensor& all_grad_y) {
  const Tensor grad_y = all_grad_y.reshape({saved.x.dim(0), saved.weight.dim(0)});
  Tensor grad_x = Tensor::empty(saved.x.shape(), grad_y.dtype(), grad_y.device());
  detail::ParameterGrads norm_grads, grads;
  detail::for_each_row_chunk(saved.shape, [&](const RowChunk& chunk) {
    const DType dtype = saved.weight.dtype();
    const Tensor x = chunk.of(saved.x).to(dtype), grad = chunk.of(grad_y).to(dtype);
    const detail::LayerNormForward norm =
        detail::layer_norm_rows(x, saved.norm_weight, saved.norm_bias, saved.eps);
    grads.add_linear(norm.y, grad);
    const Tensor to = chunk.to_write(grad_x, dtype);
    detail::gemm({.a = grad, .b = saved.weight, .out = to});
    const detail::LayerNormGrads made =
        detail::layer_norm_rows_backward(x, saved.norm_weight, norm.mean, norm.rstd, to, to);
    chunk.store(to, grad_x);
    norm_grads.add(made.weight, made.bias);
  });
  return {grad_x.reshape(saved.shape), norm_grads.weight.to(saved.dtypes[0]),
          norm_grads.bias.to(saved.dtypes[1]), grads.weight.to(saved.dtypes[2]),
          grads.bias.to(saved.dtypes[3])};
}

OpSample sample(std::string name, const Shape& x, int64_t n) {
  return {.name = std::move(name),
          .inputs =
              [=](Random& random) {
                const int64_t K = x[-1];
                return std::vector<Tensor>{random_normal(x, random, 2.0),
                                           random_normal({K}, random), random_normal({K}, random),
                                           random_normal({n, K}, random, 0.2),
                                           random_normal({n}, random)};
              },
          .run =
              [](std::span<const Variable> in) {
                return norm_linear(in[0], {in[1], in[2], in[3], in[4]});
              },
          .keeps_f32 = {1, 2, 3, 4}};
}

std::vector<OpSample> samples() {
  return {sample("2x3x8_to_5", {2, 3, 8}, 5), sample("0x4x6_to_3", {0, 4, 6}, 3),
          sample("5x1300x5_to_3", {5, 1300, 5}, 3)};
}

}  // namespace

Variable norm_linear(const Variable& x, const NormLinearParameters& p, LayerNormOptions options) {
  check(x, p);
  const DType sum = detail::accumulator_of(x.dtype());
  const Shape shape = x.shape();
  Saved saved{
      .x = x.value().reshape({shape.numel() / shape[-1], shape[-1]}),
      .norm_weight = p.norm_weight.value_as(sum),
      .norm_bias = p.norm_bias.value_as(sum),
      .weight = p.weight.value_as(detail::product_dtype(x.device(), x.dtype())),
      .shape = shape,
      .eps = options.eps,
      .dtypes = {p.norm_weight.dtype(), p.norm_bias.dtype(), p.weight.dtype(), p.bias.dtype()}};
  Tensor y = forward(saved, p.bias.value_as(sum)).reshape(shape.with(-1, p.weight.shape()[0]));
  return record(std::move(y), {x, p.norm_weight, p.norm_bias, p.weight, p.bias},
                [saved = std::move(saved)](const Tensor& grad) { return backward(saved, grad); });
}

const OpDef& norm_linear_def() {
  static const OpDef def{"norm_linear", "a layer norm and the linear layer after it", samples};
  return def;
}

}  // namespace arno::ops
