// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ops/core/detail/onednn.h"
#include "ops/nn/detail/conv2d_kernels.h"

namespace arno::ops::cpu {
namespace {

using detail::Conv2dDims;
using dnnl::memory;
using onednn::Kind;

constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;

/// The arguments of a convolution for oneDNN, which names extents in NCHW order whatever their
/// layout. It chooses the layout of the weights.
struct Description {
  memory::desc x, weight, bias, y;
  memory::dims strides, padding;
};

Description describe(const Conv2dDims& d, DType dtype, DType weight_dtype) {
  return {
      .x = onednn::describe({d.B, d.C, d.H, d.W}, dtype, {d.H * d.W * d.C, 1, d.W * d.C, d.C}),
      .weight = {{d.O, d.C, d.kh, d.kw}, onednn::type_of(weight_dtype), memory::format_tag::any},
      .bias = onednn::describe({d.O}, DType::f32),
      .y = onednn::describe({d.B, d.O, d.Ho, d.Wo}, dtype, {d.Ho * d.Wo * d.O, 1, d.Wo * d.O, d.O}),
      .strides = {d.stride, d.stride},
      .padding = {d.padding, d.padding}};
}

/// As our tensors hold them: [O, C, kh, kw].
memory::desc plain_weights(const Conv2dDims& d, DType dtype) {
  return onednn::describe({d.O, d.C, d.kh, d.kw}, dtype);
}

onednn::Key key(Kind kind, const Conv2dDims& d, DType dtype, bool with_bias) {
  return {kind,
          {d.B, d.H, d.W, d.C, d.O, d.kh, d.kw, d.stride, d.padding, static_cast<int64_t>(dtype),
           static_cast<int64_t>(with_bias)}};
}

dnnl::convolution_forward::primitive_desc forward_desc(const Conv2dDims& d, DType dtype,
                                                       bool with_bias) {
  const Description a = describe(d, dtype, dtype);
  const auto kind = dnnl::prop_kind::forward_training;
  const auto desc = with_bias
                        ? dnnl::convolution_forward::desc(kind, kAlgorithm, a.x, a.weight, a.bias,
                                                          a.y, a.strides, a.padding, a.padding)
                        : dnnl::convolution_forward::desc(kind, kAlgorithm, a.x, a.weight, a.y,
                                                          a.strides, a.padding, a.padding);
  return {desc, onednn::attributes(), onednn::engine()};
}

dnnl::primitive make_backward_data(const Conv2dDims& d, DType dtype) {
  const Description a = describe(d, dtype, dtype);
  return dnnl::convolution_backward_data(
      {{kAlgorithm, a.x, a.weight, a.y, a.strides, a.padding, a.padding},
       onednn::attributes(),
       onednn::engine(),
       forward_desc(d, dtype, false)});
}

dnnl::primitive make_backward_weights(const Conv2dDims& d, DType dtype) {
  const Description a = describe(d, dtype, DType::f32);
  return dnnl::convolution_backward_weights(
      {{kAlgorithm, a.x, a.weight, a.y, a.strides, a.padding, a.padding},
       onednn::attributes(),
       onednn::engine(),
       forward_desc(d, dtype, false)});
}

/// A copy of the weights in the layout that `program` wants; `name` names the reorder to it.
Block arranged(const onednn::Program& program, const onednn::Key& name, const Conv2dDims& d,
               const Tensor& weight) {
  return onednn::arranged(program, DNNL_ARG_WEIGHTS, name, plain_weights(d, weight.dtype()),
                          weight.raw());
}

void forward(const detail::Conv2dForward& args) {
  const Conv2dDims& d = args.dims;
  const DType dtype = args.x.dtype();
  const bool with_bias = args.bias.defined();
  const auto program =
      onednn::program(key(Kind::conv_forward, d, dtype, with_bias), [&]() -> dnnl::primitive {
        return dnnl::convolution_forward(forward_desc(d, dtype, with_bias));
      });
  const Block weight =
      arranged(*program, key(Kind::reorder_for_forward, d, dtype, with_bias), d, args.weight);
  if (with_bias) {
    program->run({{DNNL_ARG_SRC, args.x.raw()},
                  {DNNL_ARG_WEIGHTS, weight.get()},
                  {DNNL_ARG_BIAS, args.bias.raw()},
                  {DNNL_ARG_DST, args.y.raw()}});
  } else {
    program->run({{DNNL_ARG_SRC, args.x.raw()},
                  {DNNL_ARG_WEIGHTS, weight.get()},
                  {DNNL_ARG_DST, args.y.raw()}});
  }
}

void backward_data(const detail::Conv2dBackwardData& args) {
  const Conv2dDims& d = args.dims;
  const DType dtype = args.grad_y.dtype();
  const auto program = onednn::program(key(Kind::conv_backward_data, d, dtype, false),
                                       [&] { return make_backward_data(d, dtype); });
  const Block weight =
      arranged(*program, key(Kind::reorder_for_backward_data, d, dtype, false), d, args.weight);
  program->run({{DNNL_ARG_DIFF_DST, args.grad_y.raw()},
                {DNNL_ARG_WEIGHTS, weight.get()},
                {DNNL_ARG_DIFF_SRC, args.grad_x.raw()}});
}

void backward_weights(const detail::Conv2dBackwardWeights& args) {
  const Conv2dDims& d = args.dims;
  const DType dtype = args.x.dtype();
  const auto program = onednn::program(key(Kind::conv_backward_weights, d, dtype, false),
                                       [&] { return make_backward_weights(d, dtype); });
  const memory::desc layout = program->layout_of(DNNL_ARG_DIFF_WEIGHTS);
  const Block grads = allocator({}).allocate(layout.get_size());
  program->run({{DNNL_ARG_SRC, args.x.raw()},
                {DNNL_ARG_DIFF_DST, args.grad_y.raw()},
                {DNNL_ARG_DIFF_WEIGHTS, grads.get()}});
  const auto reorder =
      onednn::program(key(Kind::reorder_from_backward_weights, d, dtype, false),
                      [&] { return onednn::make_reorder(layout, plain_weights(d, DType::f32)); });
  reorder->run({{DNNL_ARG_FROM, grads.get()}, {DNNL_ARG_TO, args.grad_weight.raw()}});
}

/// Calls run(dims, first image) for chunks of the images whose x and y take about 32 MiB in f32.
template <class Run>
void for_each_chunk(const Conv2dDims& d, Run&& run) {
  const int64_t image = 4 * (d.H * d.W * d.C + d.Ho * d.Wo * d.O);
  const int64_t step = std::max<int64_t>(1, (32 << 20) / image);
  for (int64_t first = 0; first < d.B; first += step) {
    Conv2dDims part = d;
    part.B = std::min(step, d.B - first);
    run(part, first);
  }
}

void forward_widened(const detail::Conv2dForward& args) {
  const Tensor weight = args.weight.to(DType::f32);
  for_each_chunk(args.dims, [&](const Conv2dDims& d, int64_t first) {
    Tensor y = args.y.narrow(first, d.B);
    const Tensor wide = Tensor::empty(y.shape(), DType::f32);
    forward({d, args.x.narrow(first, d.B).to(DType::f32), weight, args.bias, wide});
    y.copy_from(wide);
  });
}

void backward_data_widened(const detail::Conv2dBackwardData& args) {
  const Tensor weight = args.weight.to(DType::f32);
  for_each_chunk(args.dims, [&](const Conv2dDims& d, int64_t first) {
    Tensor grad_x = args.grad_x.narrow(first, d.B);
    const Tensor wide = Tensor::empty(grad_x.shape(), DType::f32);
    backward_data({d, args.grad_y.narrow(first, d.B).to(DType::f32), weight, wide});
    grad_x.copy_from(wide);
  });
}

void backward_weights_widened(const detail::Conv2dBackwardWeights& args) {
  Tensor sum = args.grad_weight;
  for_each_chunk(args.dims, [&](const Conv2dDims& d, int64_t first) {
    Tensor part = first == 0 ? sum : Tensor::empty(sum.shape(), DType::f32);
    backward_weights({d, args.x.narrow(first, d.B).to(DType::f32),
                      args.grad_y.narrow(first, d.B).to(DType::f32), part});
    if (first == 0) return;
    const auto more = part.data<float>();
    const auto total = sum.mutable_data<float>();
    for (size_t i = 0; i < total.size(); ++i) total[i] += more[i];
  });
}

bool is_widened(DType dtype) { return dtype == DType::bf16 && !onednn::has_fast_bf16(); }

}  // namespace

void conv2d_forward(detail::Conv2dForward& args) {
  is_widened(args.x.dtype()) ? forward_widened(args) : forward(args);
}

void conv2d_backward_data(detail::Conv2dBackwardData& args) {
  is_widened(args.grad_y.dtype()) ? backward_data_widened(args) : backward_data(args);
}

void conv2d_backward_weights(detail::Conv2dBackwardWeights& args) {
  is_widened(args.x.dtype()) ? backward_weights_widened(args) : backward_weights(args);
}

}  // namespace arno::ops::cpu
