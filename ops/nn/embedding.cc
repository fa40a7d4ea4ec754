// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/embedding.h"

#include "ops/math/detail/gather_rows_kernels.h"

namespace arno::ops {

Variable embedding(const Variable& table, const Tensor& ids, DType out) {
  ARNO_CHECK(table.shape().rank() == 2, Errc::shape_mismatch,
             "[embedding] table has shape {}, expected [V, C]", table.shape().to_string());
  detail::check_rows("embedding", ids, table.shape()[0]);
  Tensor y = Tensor::empty({ids.numel(), table.shape()[1]}, out, table.device());
  detail::kGatherRows.select(table.device(), table.dtype())(table.value(), ids, y);
  return record(std::move(y), {table},
                [ids, shape = table.shape(), dtype = table.dtype()](const Tensor& grad_y) {
                  Tensor sum = Tensor::zeros(shape, dtype, grad_y.device());
                  detail::kScatterRows.select(grad_y.device(), grad_y.dtype())(grad_y, ids, sum);
                  return std::vector<Tensor>{sum};
                });
}

namespace {

OpSample sample(const Shape& table, std::vector<int32_t> ids) {
  return {.name = fmt::format("{}x{}", table.to_string(), ids.size()),
          .inputs =
              [table, ids](Random& random) {
                return std::vector<Tensor>{
                    random_normal(table, random),
                    Tensor::from<int32_t>({static_cast<int64_t>(ids.size())}, ids)};
              },
          .run =
              [](std::span<const Variable> in) {
                return embedding(in[0], in[1].value(), in[0].dtype());
              },
          .runs_in_bf16 = false};
}

std::vector<OpSample> samples() {
  return {sample({7, 5}, {6, 0, 3, 3, 6, 6}), sample({1, 1}, {0, 0}), sample({9, 130}, {8}),
          sample({3, 4}, {})};
}

}  // namespace

const OpDef& embedding_def() {
  static const OpDef def{"embedding", "rows of a learnt table", samples};
  return def;
}

}  // namespace arno::ops
