// SPDX-License-Identifier: Apache-2.0
#include "ops/math/detail/gemm.h"

#include "ops/core/parallel.h"

namespace arno::ops::detail {
namespace {

template <class T, class Out>
void multiply(Gemm& args) {
  using Sum = AccumulatorOf<T>;
  const int64_t M = args.rows(), N = args.cols(), K = args.depth();
  const auto a = args.a.data<T>();
  const auto b = args.b.data<T>();
  const Tensor bias = args.bias.to(dtype_of<Sum>());
  const auto out = args.out.mutable_data<Out>();
  const auto a_at = [&](int64_t m, int64_t k) { return args.transpose_a ? k * M + m : m * K + k; };
  const auto b_at = [&](int64_t k, int64_t n) { return args.transpose_b ? n * K + k : k * N + n; };
  parallel_for(M, 1, [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      for (int64_t n = 0; n < N; ++n) {
        Sum sum = bias.defined() ? bias.data<Sum>()[n] : 0;
        for (int64_t k = 0; k < K; ++k) {
          sum += static_cast<Sum>(a[a_at(m, k)]) * static_cast<Sum>(b[b_at(k, n)]);
        }
        if (args.add) sum += static_cast<Sum>(out[m * N + n]);
        out[m * N + n] = static_cast<Out>(sum);
      }
    }
  });
}

void gemm_reference(Gemm& args) {
  visit_float(args.a.dtype(), [&]<class T>(TypeTag<T>) {
    if (args.out.dtype() == args.a.dtype()) {
      multiply<T, T>(args);
    } else {
      multiply<T, AccumulatorOf<T>>(args);
    }
  });
}

constexpr KernelSet<GemmKernel> kGemm{"gemm", gemm_reference, cpu::gemm, cuda::gemm};

}  // namespace

void gemm(Gemm args) {
  ARNO_CHECK(!args.transpose_a || !args.transpose_b, Errc::unsupported,
             "[gemm] both operands transposed");
  ARNO_CHECK(!args.add || args.out.dtype() == accumulator_of(args.a.dtype()), Errc::dtype_mismatch,
             "[gemm] out is {}, expected {} to add to", to_string(args.out.dtype()),
             to_string(accumulator_of(args.a.dtype())));
  if (args.out.numel() == 0) return;
  kGemm.select(args.out.device(), args.a.dtype())(args);
}

DType product_dtype(Device device, DType dtype) {
  return device.kind == DeviceKind::cpu ? cpu::product_dtype(dtype) : dtype;
}

DType accumulator_of(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

}  // namespace arno::ops::detail
