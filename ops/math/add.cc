// SPDX-License-Identifier: Apache-2.0
#include "ops/math/add.h"

#include "ops/math/detail/add_kernels.h"
#include "ops/math/detail/elementwise.h"

namespace arno::ops {

namespace reference {

void add_forward(const Tensor& a, const Tensor& b, Tensor& y) {
  visit_float(y.dtype(), [&]<class T>(TypeTag<T>) {
    detail::map<T>(a, b, y, [](auto left, auto right) { return left + right; });
  });
}

void scaled_add_forward(const Tensor& x, const Tensor& branch, const Tensor& scale, Tensor& y) {
  const int64_t rows = branch.dim(0), cols = branch.dim(1);
  visit_float(y.dtype(), [&]<class T>(TypeTag<T>) {
    using A = AccumulatorOf<T>;
    const T* from = x.defined() ? x.data<T>().data() : nullptr;
    const T* added = branch.data<T>().data();
    const float* factors = scale.data<float>().data();
    T* to = y.mutable_data<T>().data();
    parallel_for(rows, detail::kElementwiseGrain / (cols + 1) + 1, [=](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const auto factor = static_cast<A>(factors[row]);
#pragma omp simd
        for (int64_t i = row * cols; i < (row + 1) * cols; ++i) {
          const A base = from ? static_cast<A>(from[i]) : A{0};
          to[i] = static_cast<T>(base + factor * static_cast<A>(added[i]));
        }
      }
    });
  });
}

}  // namespace reference

namespace {

void check_alike(std::string_view op, std::string_view name, const Variable& found,
                 const Variable& wanted) {
  check_shape(op, name, found.value(), wanted.shape());
  check_dtype(op, name, found.value(), wanted.dtype());
}

/// [B, n] for any [B, ...].
Shape as_rows(const Shape& shape) {
  return {shape[0], shape[0] == 0 ? 0 : shape.numel() / shape[0]};
}

Tensor scaled_add(const Tensor& x, const Tensor& branch, const Tensor& scale) {
  const Shape rows = as_rows(branch.shape());
  Tensor y = Tensor::empty(rows, branch.dtype(), branch.device());
  detail::kScaledAdd.select(branch.device(), branch.dtype())(x.defined() ? x.reshape(rows) : x,
                                                             branch.reshape(rows), scale, y);
  return y.reshape(branch.shape());
}

}  // namespace

Variable add(const Variable& a, const Variable& b) {
  check_alike("add", "b", b, a);
  Tensor y = Tensor::empty(a.shape(), a.dtype(), a.device());
  detail::kAdd.select(a.device(), a.dtype())(a.value(), b.value(), y);
  return record(std::move(y), {a, b}, [](const Tensor& grad_y) {
    return std::vector<Tensor>{grad_y, grad_y};
  });
}

Variable residual_add(const Variable& x, const Variable& branch, const Tensor& scale) {
  if (!scale.defined()) return add(x, branch);
  check_alike("residual_add", "branch", branch, x);
  check_shape("residual_add", "scale", scale, {x.shape()[0]});
  check_dtype("residual_add", "scale", scale, DType::f32);
  return record(scaled_add(x.value(), branch.value(), scale), {x, branch},
                [scale](const Tensor& grad_y) {
                  return std::vector<Tensor>{grad_y, scaled_add({}, grad_y, scale)};
                });
}

namespace {

std::vector<OpSample> add_samples() {
  std::vector<OpSample> out;
  for (const Shape& shape : {Shape{2, 3, 5}, Shape{}, Shape{0, 4}, Shape{190, 211}}) {
    out.push_back({.name = shape.to_string(),
                   .inputs =
                       [shape](Random& random) {
                         return std::vector<Tensor>{random_normal(shape, random),
                                                    random_normal(shape, random)};
                       },
                   .run = [](std::span<const Variable> in) { return add(in[0], in[1]); }});
  }
  return out;
}

std::vector<OpSample> residual_add_samples() {
  std::vector<OpSample> out = add_samples();
  std::erase_if(out, [](const OpSample& sample) { return sample.name == "[]"; });
  for (OpSample& sample : out) {
    sample.run = [](std::span<const Variable> in) {
      const int64_t batch = in[0].shape()[0];
      Tensor scale = Tensor::empty({batch}, DType::f32);
      for (int64_t b = 0; b < batch; ++b) {
        scale.mutable_data<float>()[b] = static_cast<float>(b % 3) * 0.75F;
      }
      return residual_add(in[0], in[1], scale);
    };
  }
  return out;
}

}  // namespace

const OpDef& add_def() {
  static const OpDef def{"add", "the sum of two tensors of one shape", add_samples};
  return def;
}

const OpDef& residual_add_def() {
  static const OpDef def{"residual_add", "adds a branch scaled for each sample (drop path)",
                         residual_add_samples};
  return def;
}

}  // namespace arno::ops
