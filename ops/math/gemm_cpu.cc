// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "ops/core/detail/onednn.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops::cpu {
namespace {

dnnl::primitive make_matmul(const detail::Gemm& args) {
  const int64_t M = args.rows(), N = args.cols(), K = args.depth();
  const DType dtype = args.a.dtype();
  const auto a = args.transpose_a ? onednn::describe({M, K}, dtype, {1, M})
                                  : onednn::describe({M, K}, dtype, {K, 1});
  const auto b = args.transpose_b ? onednn::describe({K, N}, dtype, {1, K})
                                  : onednn::describe({K, N}, dtype, {N, 1});
  const auto out = onednn::describe({M, N}, args.out.dtype());
  const auto desc = args.bias.defined()
                        ? dnnl::matmul::desc(a, b, onednn::describe({1, N}, args.bias.dtype()), out)
                        : dnnl::matmul::desc(a, b, out);
  return dnnl::matmul({desc, onednn::attributes(), onednn::engine()});
}

}  // namespace

void gemm(detail::Gemm& args) {
  if (args.depth() == 0 && !args.bias.defined()) {
    std::memset(args.out.mutable_raw(), 0, args.out.size_bytes());
    return;
  }
  const DType bias_dtype = args.bias.defined() ? args.bias.dtype() : DType::u8;
  const onednn::Key key(
      onednn::Kind::matmul,
      {args.rows(), args.cols(), args.depth(), static_cast<int64_t>(args.a.dtype()),
       static_cast<int64_t>(args.out.dtype()), static_cast<int64_t>(bias_dtype),
       static_cast<int64_t>(args.transpose_a), static_cast<int64_t>(args.transpose_b)});
  const auto matmul = onednn::program(key, [&] { return make_matmul(args); });
  if (args.bias.defined()) {
    matmul->run({{DNNL_ARG_SRC, args.a.raw()},
                 {DNNL_ARG_WEIGHTS, args.b.raw()},
                 {DNNL_ARG_BIAS, args.bias.raw()},
                 {DNNL_ARG_DST, args.out.raw()}});
  } else {
    matmul->run({{DNNL_ARG_SRC, args.a.raw()},
                 {DNNL_ARG_WEIGHTS, args.b.raw()},
                 {DNNL_ARG_DST, args.out.raw()}});
  }
}

}  // namespace arno::ops::cpu
