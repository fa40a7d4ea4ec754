// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/parallel.h"
#include "ops/core/tensor.h"

namespace arno::ops::detail {

constexpr int64_t kElementwiseGrain = 1 << 14;

/// out[i] = f(a[i]) over elements of type T, computed in its accumulator type.
template <class T, class F>
void map(const Tensor& a, Tensor& out, F f) {
  using A = AccumulatorOf<T>;
  const T* in = a.data<T>().data();
  T* to = out.mutable_data<T>().data();
  parallel_for(out.numel(), kElementwiseGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) to[i] = static_cast<T>(f(static_cast<A>(in[i])));
  });
}

/// out[i] = f(a[i], b[i]).
template <class T, class F>
void map(const Tensor& a, const Tensor& b, Tensor& out, F f) {
  using A = AccumulatorOf<T>;
  const T* left = a.data<T>().data();
  const T* right = b.data<T>().data();
  T* to = out.mutable_data<T>().data();
  parallel_for(out.numel(), kElementwiseGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      to[i] = static_cast<T>(f(static_cast<A>(left[i]), static_cast<A>(right[i])));
    }
  });
}

}  // namespace arno::ops::detail
