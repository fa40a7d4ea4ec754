// SPDX-License-Identifier: Apache-2.0
#include "ops/math/cast.h"

namespace arno::ops {

Variable cast(const Variable& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return record(x.value().to(dtype), {x}, [from = x.dtype()](const Tensor& grad_y) {
    return std::vector<Tensor>{grad_y.to(from)};
  });
}

namespace {

std::vector<OpSample> samples() {
  std::vector<OpSample> out;
  for (const Shape& shape : {Shape{3, 5}, Shape{}, Shape{0}}) {
    out.push_back(
        {.name = shape.to_string(),
         .inputs =
             [shape](Random& random) { return std::vector<Tensor>{random_normal(shape, random)}; },
         // There and back again: a cast to f64 alone loses nothing to compare.
         .run =
             [](std::span<const Variable> in) {
               return cast(cast(in[0], DType::f64), in[0].dtype());
             }});
  }
  return out;
}

}  // namespace

const OpDef& cast_def() {
  static const OpDef def{"cast", "another floating dtype", samples};
  return def;
}

}  // namespace arno::ops
