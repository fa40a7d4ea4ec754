// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/kernel.h"
#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// out = op(a) op(b) + bias, with op the transpose where asked; out += ... with `add`.
///
/// a and b: f64, f32 or bf16, the same. out: as they are, or f32 when they are bf16. bias: f32
/// or, with f64 operands, f64. Sums are kept in f32 (f64 in f64). out aliases none of the others.
struct Gemm {
  Tensor a;  ///< [M, K]; [K, M] with transpose_a
  Tensor b;  ///< [K, N]; [N, K] with transpose_b, which excludes transpose_a
  bool transpose_a = false;
  bool transpose_b = false;
  Tensor bias = {};  ///< [N], or undefined
  Tensor out;        ///< [M, N]
  bool add = false;  ///< out must then be in the dtype of the sums

  int64_t rows() const { return out.dim(0); }
  int64_t cols() const { return out.dim(1); }
  int64_t depth() const { return a.dim(transpose_a ? 0 : 1); }
};

using GemmKernel = void(Gemm&);

/// Runs on the device of out. Extents may be 0: an empty sum is 0. Throws unsupported when both
/// operands are transposed.
void gemm(Gemm args);

/// The dtype in which products of `dtype` are fastest on a device: f32 for bf16 where only f32 is
/// native. Ops of several layers work in it and round what they keep.
DType product_dtype(Device device, DType dtype);

/// The dtype in which sums over `dtype` are kept, and parameter gradients made.
DType accumulator_of(DType dtype);

}  // namespace arno::ops::detail

namespace arno::ops::cpu {
detail::GemmKernel gemm;
DType product_dtype(DType dtype);
}  // namespace arno::ops::cpu
namespace arno::ops::cuda {
[[gnu::weak]] detail::GemmKernel gemm;
}
