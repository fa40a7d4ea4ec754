// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/pad_grid.h"

#include <algorithm>
#include <cstring>

namespace arno::ops {
namespace {

/// x in the upper left corner of a grid of another size; the rest is zero. CPU.
Tensor place(const Tensor& x, int64_t height, int64_t width) {
  ARNO_CHECK(x.device().kind == DeviceKind::cpu, Errc::unsupported,
             "[pad_grid] no CUDA kernel for {} in this build", to_string(x.dtype()));
  const int64_t B = x.dim(0), H = x.dim(1), W = x.dim(2);
  const size_t cell = static_cast<size_t>(x.dim(3)) * size_of(x.dtype());
  Tensor y = Tensor::zeros({B, height, width, x.dim(3)}, x.dtype());
  const size_t line = static_cast<size_t>(std::min(W, width)) * cell;
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t row = 0; row < std::min(H, height); ++row) {
      std::memcpy(y.mutable_raw() + static_cast<size_t>((b * height + row) * width) * cell,
                  x.raw() + static_cast<size_t>((b * H + row) * W) * cell, line);
    }
  }
  return y;
}

Variable resized(const Variable& x, int64_t height, int64_t width) {
  return record(place(x.value(), height, width), {x}, [shape = x.shape()](const Tensor& grad_y) {
    return std::vector<Tensor>{place(grad_y, shape[1], shape[2])};
  });
}

void check_grid(std::string_view op, const Shape& shape, bool fits, int64_t height, int64_t width) {
  ARNO_CHECK(shape.rank() == 4 && fits, Errc::shape_mismatch,
             "[{}] x has shape {}, which does not go into {} x {}", op, shape.to_string(), height,
             width);
}

template <Variable (*kOp)(const Variable&, int64_t, int64_t), int kStep>
std::vector<OpSample> samples() {
  std::vector<OpSample> out;
  for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 2, 2, 1}, Shape{0, 3, 3, 2}}) {
    out.push_back(
        {.name = shape.to_string(),
         .inputs =
             [shape](Random& random) { return std::vector<Tensor>{random_normal(shape, random)}; },
         .run =
             [](std::span<const Variable> in) {
               return kOp(in[0], in[0].shape()[1] + kStep, in[0].shape()[2] + kStep);
             }});
  }
  return out;
}

}  // namespace

Variable pad_grid(const Variable& x, int64_t height, int64_t width) {
  const Shape& shape = x.shape();
  check_grid("pad_grid", shape, shape.rank() == 4 && shape[1] <= height && shape[2] <= width,
             height, width);
  return resized(x, height, width);
}

Variable crop_grid(const Variable& x, int64_t height, int64_t width) {
  const Shape& shape = x.shape();
  check_grid("crop_grid", shape, shape.rank() == 4 && shape[1] >= height && shape[2] >= width,
             height, width);
  return resized(x, height, width);
}

const OpDef& pad_grid_def() {
  static const OpDef def{"pad_grid", "zeros at the bottom and on the right of a token grid",
                         samples<pad_grid, 2>};
  return def;
}

const OpDef& crop_grid_def() {
  static const OpDef def{"crop_grid", "the upper left part of a token grid",
                         samples<crop_grid, -1>};
  return def;
}

}  // namespace arno::ops
