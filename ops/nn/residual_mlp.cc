// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/residual_mlp.h"

#include "ops/math/detail/add_kernels.h"
#include "ops/math/detail/gemm.h"
#include "ops/nn/detail/gelu_kernels.h"
#include "ops/nn/detail/layer_norm_kernels.h"
#include "ops/nn/detail/parameter_grads.h"
#include "ops/nn/detail/row_chunks.h"

namespace arno::ops {
namespace {

using detail::RowChunk;

/// What forward leaves for backward.
struct Saved {
  Tensor x;                       ///< [rows, C]
  Tensor hidden;                  ///< [rows, H], before the activation
  Tensor norm_weight, norm_bias;  ///< in the accumulator's dtype
  Tensor fc1_weight, fc2_weight;  ///< in the dtype that the products run in
  Tensor scale;
  Shape shape;  ///< of x
  ResidualMlpOptions options;
  std::vector<DType> dtypes;  ///< of the six parameters
};

void check(const Variable& x, const ResidualMlpParameters& p, const Tensor& scale) {
  ARNO_CHECK(x.shape().rank() >= 2 && x.shape()[-1] >= 1, Errc::shape_mismatch,
             "[residual_mlp] x has shape {}, expected [B, ..., C] with C >= 1",
             x.shape().to_string());
  const int64_t C = x.shape()[-1];
  const Shape& fc1 = p.fc1_weight.shape();
  ARNO_CHECK(fc1.rank() == 2 && fc1[1] == C, Errc::shape_mismatch,
             "[residual_mlp] fc1_weight has shape {}, expected [H, {}] (x {})", fc1.to_string(), C,
             x.shape().to_string());
  const int64_t H = fc1[0];
  check_shape("residual_mlp", "norm_weight", p.norm_weight.value(), {C});
  check_shape("residual_mlp", "norm_bias", p.norm_bias.value(), {C});
  check_shape("residual_mlp", "fc1_bias", p.fc1_bias.value(), {H});
  check_shape("residual_mlp", "fc2_weight", p.fc2_weight.value(), {C, H});
  check_shape("residual_mlp", "fc2_bias", p.fc2_bias.value(), {C});
  if (!scale.defined()) return;
  check_shape("residual_mlp", "scale", scale, {x.shape()[0]});
  check_dtype("residual_mlp", "scale", scale, DType::f32);
}

/// y += x for the rows of a chunk, y scaled first where there is a scale.
void add_residual(const Tensor& x, const Tensor& scale, const RowChunk& chunk, Tensor y) {
  if (!scale.defined()) {
    detail::kAdd.select(y.device(), y.dtype())(x, y, y);
    return;
  }
  const Shape rows{chunk.samples, chunk.samples == 0 ? 0 : y.numel() / chunk.samples};
  Tensor samples = y.reshape(rows);
  detail::kScaledAdd.select(y.device(), y.dtype())(
      x.reshape(rows), samples, scale.narrow(chunk.first_sample, chunk.samples), samples);
}

/// Fills saved.hidden when it is defined.
Tensor forward(const Saved& saved, const Tensor& fc1_bias, const Tensor& fc2_bias) {
  Tensor y = Tensor::empty(saved.x.shape(), saved.x.dtype(), saved.x.device());
  const int64_t H = saved.fc1_weight.dim(0);
  detail::for_each_row_chunk(saved.shape, [&](const RowChunk& chunk) {
    const DType dtype = saved.fc1_weight.dtype();
    const Tensor x = chunk.of(saved.x).to(dtype), to = chunk.to_write(y, dtype);
    const Tensor norm =
        detail::layer_norm_rows(x, saved.norm_weight, saved.norm_bias, saved.options.eps).y;
    Tensor active = Tensor::empty({chunk.rows, H}, dtype, x.device());
    const Tensor hidden = saved.hidden.defined() ? chunk.to_write(saved.hidden, dtype) : active;
    detail::gemm(
        {.a = norm, .b = saved.fc1_weight, .transpose_b = true, .bias = fc1_bias, .out = hidden});
    detail::activate(saved.options.activation, hidden, active);
    if (saved.hidden.defined()) chunk.store(hidden, saved.hidden);
    detail::gemm(
        {.a = active, .b = saved.fc2_weight, .transpose_b = true, .bias = fc2_bias, .out = to});
    add_residual(x, saved.scale, chunk, to);
    chunk.store(to, y);
  });
  return y;
}

/// The branch's share of grad_y: scaled where there is a scale.
Tensor branch_gradient(const Tensor& grad_y, const Tensor& scale, const RowChunk& chunk) {
  if (!scale.defined()) return grad_y;
  const Shape rows{chunk.samples, chunk.samples == 0 ? 0 : grad_y.numel() / chunk.samples};
  Tensor out = Tensor::empty(rows, grad_y.dtype(), grad_y.device());
  detail::kScaledAdd.select(out.device(), out.dtype())(
      Tensor(), grad_y.reshape(rows), scale.narrow(chunk.first_sample, chunk.samples), out);
  return out.reshape(grad_y.shape());
}

struct Grads {
  Tensor x;
  detail::ParameterGrads norm, fc1, fc2;
};

void backward_chunk(const Saved& saved, const Tensor& all_grad_y, const RowChunk& chunk,
                    Grads& grads) {
  const DType dtype = saved.fc1_weight.dtype();
  const Tensor x = chunk.of(saved.x).to(dtype), hidden = chunk.of(saved.hidden).to(dtype);
  const Tensor grad_y = chunk.of(all_grad_y).to(dtype), to = chunk.to_write(grads.x, dtype);
  const Tensor grad = branch_gradient(grad_y, saved.scale, chunk);
  const Activation activation = saved.options.activation;
  Tensor active = Tensor::empty(hidden.shape(), hidden.dtype(), hidden.device());
  detail::activate(activation, hidden, active);
  grads.fc2.add_linear(active, grad);
  Tensor grad_hidden = active;  // whose elements are read no more
  detail::gemm({.a = grad, .b = saved.fc2_weight, .out = grad_hidden});
  detail::activate_backward(activation, hidden, grad_hidden, grad_hidden);
  const detail::LayerNormForward norm =
      detail::layer_norm_rows(x, saved.norm_weight, saved.norm_bias, saved.options.eps);
  grads.fc1.add_linear(norm.y, grad_hidden);
  detail::gemm({.a = grad_hidden, .b = saved.fc1_weight, .out = to});
  const detail::LayerNormGrads made =
      detail::layer_norm_rows_backward(x, saved.norm_weight, norm.mean, norm.rstd, to, to);
  grads.norm.add(made.weight, made.bias);
  add_residual(grad_y, {}, chunk, to);
  chunk.store(to, grads.x);
}

std::vector<Tensor> backward(const Saved& saved, const Tensor& grad_y) {
  const Tensor rows = grad_y.reshape(saved.x.shape());
  Grads grads{.x = Tensor::empty(saved.x.shape(), grad_y.dtype(), grad_y.device())};
  detail::for_each_row_chunk(
      saved.shape, [&](const RowChunk& chunk) { backward_chunk(saved, rows, chunk, grads); });
  std::vector<Tensor> out{grads.x.reshape(saved.shape)};
  const Tensor parameters[] = {grads.norm.weight, grads.norm.bias,  grads.fc1.weight,
                               grads.fc1.bias,    grads.fc2.weight, grads.fc2.bias};
  for (size_t i = 0; i < saved.dtypes.size(); ++i) out.push_back(parameters[i].to(saved.dtypes[i]));
  return out;
}

OpSample sample(std::string name, const Shape& x, int64_t H, bool scaled,
                ResidualMlpOptions options) {
  return {
      .name = std::move(name),
      .inputs =
          [=](Random& random) {
            const int64_t C = x[-1];
            return std::vector<Tensor>{
                random_normal(x, random, 2.0),   random_normal({C}, random),
                random_normal({C}, random),      random_normal({H, C}, random, 0.3),
                random_normal({H}, random, 0.3), random_normal({C, H}, random, 0.3),
                random_normal({C}, random, 0.3)};
          },
      .run =
          [=](std::span<const Variable> in) {
            Tensor scale;
            if (scaled) scale = Tensor::empty({x[0]}, DType::f32);
            for (int64_t b = 0; scaled && b < x[0]; ++b) {
              scale.mutable_data<float>()[b] = static_cast<float>(b % 3) * 0.75F;
            }
            return residual_mlp(in[0], {in[1], in[2], in[3], in[4], in[5], in[6]}, scale, options);
          },
      .keeps_f32 = {1, 2, 3, 4, 5, 6}};
}

std::vector<OpSample> samples() {
  // The gradients are sums of 6500 terms that were rounded on their way.
  OpSample chunks = sample("5x1300x5_to_7_scaled", {5, 1300, 5}, 7, true, {});
  chunks.tolerance_bf16 = 0.1;
  return {sample("2x3x8_to_12", {2, 3, 8}, 12, false, {}),
          sample("4x5x6_to_9_scaled", {4, 5, 6}, 9, true, {.activation = Activation::quick_gelu}),
          sample("0x4x6_to_3", {0, 4, 6}, 3, true, {}), std::move(chunks)};
}

}  // namespace

Variable residual_mlp(const Variable& x, const ResidualMlpParameters& p, const Tensor& scale,
                      ResidualMlpOptions options) {
  check(x, p, scale);
  const std::vector<Variable> inputs{x,          p.norm_weight, p.norm_bias, p.fc1_weight,
                                     p.fc1_bias, p.fc2_weight,  p.fc2_bias};
  const Shape shape = x.shape();
  const int64_t rows = shape.numel() / shape[-1];
  const DType sum = detail::accumulator_of(x.dtype());
  const DType products = detail::product_dtype(x.device(), x.dtype());
  Saved saved{.x = x.value().reshape({rows, shape[-1]}),
              .norm_weight = p.norm_weight.value_as(sum),
              .norm_bias = p.norm_bias.value_as(sum),
              .fc1_weight = p.fc1_weight.value_as(products),
              .fc2_weight = p.fc2_weight.value_as(products),
              .scale = scale,
              .shape = shape,
              .options = options};
  for (size_t i = 1; i < inputs.size(); ++i) saved.dtypes.push_back(inputs[i].dtype());
  if (needs_grad(inputs)) {
    saved.hidden = Tensor::empty({rows, p.fc1_weight.shape()[0]}, x.dtype(), x.device());
  }
  Tensor y = forward(saved, p.fc1_bias.value_as(sum), p.fc2_bias.value_as(sum)).reshape(shape);
  return record(std::move(y), inputs,
                [saved = std::move(saved)](const Tensor& grad) { return backward(saved, grad); });
}

const OpDef& residual_mlp_def() {
  static const OpDef def{"residual_mlp", "x plus a norm and two linear layers with an activation",
                         samples};
  return def;
}

}  // namespace arno::ops
