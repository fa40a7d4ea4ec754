// SPDX-License-Identifier: Apache-2.0
#include "florence/training/shard.h"

#include <algorithm>

namespace arno::florence {

Shard shard_of(int64_t count, int64_t rank, int64_t size) {
  const int64_t part = (count + size - 1) / size;
  const int64_t begin = std::min(count, rank * part);
  return {.part = part, .begin = begin, .length = std::min(count, begin + part) - begin};
}

ops::Tensor own_part(const ops::Tensor& whole, int64_t rank, int64_t size) {
  const Shard own = shard_of(whole.numel(), rank, size);
  return whole.reshape({whole.numel()}).narrow(own.begin, own.length);
}

ops::Tensor to_rows(std::span<const ops::Tensor> wholes, int64_t size) {
  int64_t width = 0;
  for (const ops::Tensor& whole : wholes) width += shard_of(whole.numel(), 0, size).part;
  ops::Tensor rows = ops::Tensor::empty({size, width}, ops::DType::f32);
  float* to = rows.mutable_data<float>().data();
  for (int64_t rank = 0; rank < size; ++rank) {
    for (const ops::Tensor& whole : wholes) {
      const Shard shard = shard_of(whole.numel(), rank, size);
      to = std::copy_n(whole.data<float>().data() + shard.begin, shard.length, to);
      to = std::fill_n(to, shard.part - shard.length, 0.0F);
    }
  }
  return rows;
}

ops::Tensor to_own_row(std::span<const ops::Tensor> parts, std::span<const int64_t> counts,
                       int64_t size) {
  int64_t width = 0;
  for (const int64_t count : counts) width += shard_of(count, 0, size).part;
  ops::Tensor row = ops::Tensor::empty({1, width}, ops::DType::f32);
  float* to = row.mutable_data<float>().data();
  for (size_t i = 0; i < parts.size(); ++i) {
    to = std::ranges::copy(parts[i].data<float>(), to).out;
    to = std::fill_n(to, shard_of(counts[i], 0, size).part - parts[i].numel(), 0.0F);
  }
  return row;
}

void from_rows(const ops::Tensor& rows, std::span<ops::Tensor> wholes) {
  const float* from = rows.data<float>().data();
  for (int64_t rank = 0; rank < rows.dim(0); ++rank) {
    for (ops::Tensor& whole : wholes) {
      const Shard shard = shard_of(whole.numel(), rank, rows.dim(0));
      std::copy_n(from, shard.length, whole.mutable_data<float>().data() + shard.begin);
      from += shard.part;
    }
  }
}

}  // namespace arno::florence
