// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "ops/core/detail/onednn.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops::cpu {
namespace {

using detail::Gemm;
using dnnl::memory;

/// Columns [first, first + count) of b and out: what one oneDNN primitive computes.
struct Columns {
  int64_t first, count;
};

enum class Into { overwrite, add };

/// How a product reads b: where it lies, or from a copy in the layout that oneDNN likes best.
enum class Reads { in_place, packed };

/// Rows from which packing b costs less than it gains: 330 instead of 290 GFLOP/s, once it is done.
constexpr int64_t kPackRows = 1024;

memory::desc plain_b(const Gemm& args, int64_t columns) {
  const int64_t N = args.cols(), K = args.depth();
  return args.transpose_b ? onednn::describe({K, columns}, args.b.dtype(), {1, K})
                          : onednn::describe({K, columns}, args.b.dtype(), {N, 1});
}

dnnl::primitive make_matmul(const Gemm& args, int64_t columns, Into into, Reads reads) {
  const int64_t M = args.rows(), N = args.cols(), K = args.depth();
  const DType dtype = args.a.dtype();
  const auto a = args.transpose_a ? onednn::describe({M, K}, dtype, {1, M})
                                  : onednn::describe({M, K}, dtype, {K, 1});
  const auto b = reads == Reads::packed
                     ? memory::desc({K, columns}, onednn::type_of(dtype), memory::format_tag::any)
                     : plain_b(args, columns);
  const auto out = onednn::describe({M, columns}, args.out.dtype(), {N, 1});
  dnnl::primitive_attr attributes = onednn::attributes();
  if (into == Into::add) {
    dnnl::post_ops add;
    add.append_sum();
    attributes.set_post_ops(add);
  }
  const auto desc =
      args.bias.defined()
          ? dnnl::matmul::desc(a, b, onednn::describe({1, columns}, args.bias.dtype()), out)
          : dnnl::matmul::desc(a, b, out);
  return dnnl::matmul({desc, attributes, onednn::engine()});
}

onednn::Key key(onednn::Kind kind, const Gemm& args, int64_t columns, Into into, Reads reads) {
  const DType bias_dtype = args.bias.defined() ? args.bias.dtype() : DType::u8;
  return {kind,
          {args.rows(), args.cols(), args.depth(), columns, static_cast<int64_t>(into),
           static_cast<int64_t>(reads), static_cast<int64_t>(args.a.dtype()),
           static_cast<int64_t>(args.out.dtype()), static_cast<int64_t>(bias_dtype),
           static_cast<int64_t>(args.transpose_a), static_cast<int64_t>(args.transpose_b)}};
}

void multiply_columns(const Gemm& args, Columns columns, Into into, Reads reads) {
  const auto matmul =
      onednn::program(key(onednn::Kind::matmul, args, columns.count, into, reads),
                      [&] { return make_matmul(args, columns.count, into, reads); });
  const int64_t step = args.transpose_b ? args.depth() : 1;
  const std::byte* a = args.a.raw();
  const std::byte* b = args.b.raw() + columns.first * step * size_of(args.b.dtype());
  const std::byte* out = args.out.raw() + columns.first * size_of(args.out.dtype());
  Block packed;
  if (reads == Reads::packed) {
    const onednn::Key name =
        key(onednn::Kind::reorder_for_matmul, args, columns.count, into, reads);
    packed = onednn::arranged(*matmul, DNNL_ARG_WEIGHTS, name, plain_b(args, columns.count), b);
    b = packed.get();
  }
  if (args.bias.defined()) {
    const std::byte* bias = args.bias.raw() + columns.first * size_of(args.bias.dtype());
    matmul->run(
        {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, out}});
  } else {
    matmul->run({{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, out}});
  }
}

void multiply(const Gemm& args) {
  const Into into = args.add ? Into::add : Into::overwrite;
  const int64_t N = args.cols();
  if (!args.transpose_a && args.rows() >= kPackRows) {
    multiply_columns(args, {0, N}, into, Reads::packed);
  } else if (!args.transpose_b && N > 1024 && N % 1024 == 0) {
    // With rows of b that lie a multiple of 4 KiB apart, oneDNN 2.6 reads b in place and runs at
    // 60 % of its speed; half of the columns makes it pack b.
    multiply_columns(args, {0, N / 2}, into, Reads::in_place);
    multiply_columns(args, {N / 2, N / 2}, into, Reads::in_place);
  } else {
    multiply_columns(args, {0, N}, into, Reads::in_place);
  }
}

/// Rows of a widened chunk, so that it takes about `bytes`.
int64_t chunk_rows(int64_t bytes, int64_t row_elements) {
  return std::max<int64_t>(64, bytes / (row_elements * 4) / 64 * 64);
}

/// Chunks of the rows of a and out. A chunk is no smaller than b, which oneDNN packs for each.
void multiply_widened_by_rows(const Gemm& args) {
  const Tensor b = args.b.to(DType::f32);
  const int64_t bytes = std::max<int64_t>(4 << 20, 2 * static_cast<int64_t>(b.size_bytes()));
  const int64_t step = chunk_rows(bytes, args.depth() + args.cols());
  for (int64_t row = 0; row < args.rows(); row += step) {
    const int64_t count = std::min(step, args.rows() - row);
    Tensor out = args.out.narrow(row, count);
    Gemm chunk{.a = args.a.narrow(row, count).to(DType::f32),
               .b = b,
               .transpose_b = args.transpose_b,
               .bias = args.bias,
               .out = out.dtype() == DType::f32 ? out : Tensor::empty(out.shape(), DType::f32),
               .add = args.add};
    multiply(chunk);
    if (out.dtype() != DType::f32) out.copy_from(chunk.out);
  }
}

/// Chunks of the summed dimension: the rows of the transposed a and of b.
void multiply_widened_by_depth(const Gemm& args) {
  Tensor out = args.out;
  Tensor sum = out.dtype() == DType::f32 ? out : Tensor::empty(out.shape(), DType::f32);
  const int64_t step = chunk_rows(32 << 20, args.rows() + args.cols());
  for (int64_t row = 0; row < args.depth(); row += step) {
    const int64_t count = std::min(step, args.depth() - row);
    multiply({.a = args.a.narrow(row, count).to(DType::f32),
              .b = args.b.narrow(row, count).to(DType::f32),
              .transpose_a = true,
              .bias = row == 0 ? args.bias : Tensor(),
              .out = sum,
              .add = args.add || row > 0});
  }
  if (out.dtype() != DType::f32) out.copy_from(sum);
}

}  // namespace

void gemm(Gemm& args) {
  if (args.depth() == 0 && !args.bias.defined()) {
    if (!args.add) std::memset(args.out.mutable_raw(), 0, args.out.size_bytes());
  } else if (product_dtype(args.a.dtype()) == args.a.dtype()) {
    multiply(args);
  } else if (!args.transpose_a) {
    multiply_widened_by_rows(args);
  } else {
    multiply_widened_by_depth(args);
  }
}

DType product_dtype(DType dtype) {
  return dtype == DType::bf16 && !onednn::has_fast_bf16() ? DType::f32 : dtype;
}

}  // namespace arno::ops::cpu
