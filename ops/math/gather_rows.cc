// SPDX-License-Identifier: Apache-2.0
#include "ops/math/gather_rows.h"

#include "ops/core/parallel.h"
#include "ops/math/detail/gather_rows_kernels.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops {

// Memory bounds both: the plain loop is the fast one.
namespace reference {

void gather_rows(const Tensor& x, const Tensor& rows, Tensor& y) {
  const int64_t C = x.dim(1);
  const int32_t* index = rows.data<int32_t>().data();
  visit_float(x.dtype(), [&]<class From>(TypeTag<From>) {
    visit_float(y.dtype(), [&]<class To>(TypeTag<To>) {
      const From* from = x.data<From>().data();
      To* to = y.mutable_data<To>().data();
      parallel_for(rows.numel(), 256, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const From* source = from + index[i] * C;
          for (int64_t c = 0; c < C; ++c) {
            to[i * C + c] = static_cast<To>(static_cast<AccumulatorOf<From>>(source[c]));
          }
        }
      });
    });
  });
}

void scatter_rows(const Tensor& grad, const Tensor& rows, Tensor& sum) {
  const int64_t C = grad.dim(1);
  const int32_t* index = rows.data<int32_t>().data();
  const int64_t count = rows.numel();
  visit_float(grad.dtype(), [&]<class T>(TypeTag<T>) {
    using A = AccumulatorOf<T>;
    const T* from = grad.data<T>().data();
    A* to = sum.mutable_data<A>().data();
    // Parts are of columns, so that each sum runs over the rows in their order.
    parallel_for(C, 64, [=](int64_t begin, int64_t end) {
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t c = begin; c < end; ++c) {
          to[index[i] * C + c] += static_cast<A>(from[i * C + c]);
        }
      }
    });
  });
}

}  // namespace reference

namespace detail {

void check_rows(std::string_view op, const Tensor& rows, int64_t count) {
  check_dtype(op, "rows", rows, DType::i32);
  for (const int32_t row : rows.data<int32_t>()) {
    ARNO_CHECK(row >= 0 && row < count, Errc::invalid_argument,
               "[{}] found index {}, expected one from 0 to {}", op, row, count - 1);
  }
}

}  // namespace detail

Variable gather_rows(const Variable& x, const Tensor& rows) {
  ARNO_CHECK(x.shape().rank() >= 1, Errc::shape_mismatch, "[gather_rows] x is a scalar");
  detail::check_rows("gather_rows", rows, x.shape()[0]);
  const int64_t T = x.shape()[0];
  const int64_t C = T == 0 ? 0 : x.shape().numel() / T;
  Tensor y = Tensor::empty({rows.numel(), C}, x.dtype(), x.device());
  detail::kGatherRows.select(x.device(), x.dtype())(x.value().reshape({T, C}), rows, y);
  return record(
      y.reshape(x.shape().with(0, rows.numel())), {x},
      [rows, T, C, shape = x.shape()](const Tensor& grad_y) {
        Tensor sum = Tensor::zeros({T, C}, detail::accumulator_of(grad_y.dtype()), grad_y.device());
        detail::kScatterRows.select(grad_y.device(), grad_y.dtype())(
            grad_y.reshape({rows.numel(), C}), rows, sum);
        return std::vector<Tensor>{sum.to(grad_y.dtype()).reshape(shape)};
      });
}

namespace {

OpSample sample(const Shape& shape, std::vector<int32_t> rows) {
  return {.name = fmt::format("{}x{}", shape.to_string(), rows.size()),
          .inputs =
              [shape, rows](Random& random) {
                return std::vector<Tensor>{
                    random_normal(shape, random),
                    Tensor::from<int32_t>({static_cast<int64_t>(rows.size())}, rows)};
              },
          .run = [](std::span<const Variable> in) { return gather_rows(in[0], in[1].value()); }};
}

std::vector<OpSample> samples() {
  return {sample({4, 3}, {3, 0, 0, 2, 3}), sample({1, 1}, {0}), sample({5, 2, 70}, {4, 4, 1}),
          sample({3, 4}, {})};
}

}  // namespace

const OpDef& gather_rows_def() {
  static const OpDef def{"gather_rows", "rows of a tensor by index", samples};
  return def;
}

}  // namespace arno::ops
