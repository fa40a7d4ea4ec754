// SPDX-License-Identifier: Apache-2.0
#include "ops/math/detail/column_sum.h"

#include "ops/core/parallel.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops::detail {
namespace {

constexpr int64_t kBlockRows = 256;

template <class T>
void add_rows(const T* x, int64_t rows, int64_t cols, AccumulatorOf<T>* sum) {
  for (int64_t row = 0; row < rows; ++row, x += cols) {
#pragma omp simd
    for (int64_t col = 0; col < cols; ++col) sum[col] += static_cast<AccumulatorOf<T>>(x[col]);
  }
}

template <class T>
Tensor sum_in_blocks(const Tensor& x) {
  using Sum = AccumulatorOf<T>;
  const int64_t rows = x.dim(0), cols = x.dim(1);
  const int64_t blocks = std::max<int64_t>(1, (rows + kBlockRows - 1) / kBlockRows);
  Tensor sums = Tensor::zeros({blocks, cols}, dtype_of<Sum>());
  const T* in = x.data<T>().data();
  Sum* out = sums.mutable_data<Sum>().data();
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kBlockRows;
      add_rows(in + first * cols, std::min(kBlockRows, rows - first), cols, out + block * cols);
    }
  });
  add_rows(out + cols, blocks - 1, cols, out);
  return sums.narrow(0, 1).reshape({cols});
}

}  // namespace

Tensor column_sum(const Tensor& x) {
  ARNO_CHECK(x.device().kind == DeviceKind::cpu, Errc::unsupported,
             "[column_sum] no CUDA kernel for {} in this build", to_string(x.dtype()));
  return visit_float(x.dtype(), [&]<class T>(TypeTag<T>) { return sum_in_blocks<T>(x); });
}

}  // namespace arno::ops::detail
