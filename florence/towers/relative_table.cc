// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/relative_table.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace arno::florence {
namespace {

/// Four taps of Keys' cubic convolution (a = -0.75) at fraction t in [0, 1).
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  const auto near = [](double x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [](double x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

struct Taps {
  std::array<int64_t, 4> index;
  std::array<double, 4> weight;
};

/// Where output position i of n looks in an input of m positions.
Taps taps_at(int64_t i, int64_t n, int64_t m) {
  const double center =
      (static_cast<double>(i) + 0.5) * static_cast<double>(m) / static_cast<double>(n) - 0.5;
  const double base = std::floor(center);
  Taps taps{.index = {}, .weight = cubic_weights(center - base)};
  for (int64_t k = 0; k < 4; ++k) {
    taps.index[k] = std::clamp<int64_t>(static_cast<int64_t>(base) - 1 + k, 0, m - 1);
  }
  return taps;
}

}  // namespace

int64_t window_of_table(const ops::Shape& shape) {
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(shape[0]))));
  ARNO_CHECK(shape.rank() == 2 && side * side == shape[0] && side % 2 == 1, Errc::shape_mismatch,
             "[relative_table] shape {}, expected [(2w-1)^2, heads]", shape.to_string());
  return (side + 1) / 2;
}

ops::Tensor resize_relative_table(const ops::Tensor& table, int64_t new_window) {
  const int64_t from = 2 * window_of_table(table.shape()) - 1;
  const int64_t to = 2 * new_window - 1;
  const int64_t heads = table.dim(1);
  if (from == to) return table.clone();
  ops::Tensor out = ops::Tensor::empty({to * to, heads}, ops::DType::f32);
  const float* source = table.data<float>().data();
  float* target = out.mutable_data<float>().data();
  for (int64_t y = 0; y < to; ++y) {
    const Taps rows = taps_at(y, to, from);
    for (int64_t x = 0; x < to; ++x) {
      const Taps columns = taps_at(x, to, from);
      for (int64_t head = 0; head < heads; ++head) {
        double sum = 0;
        for (int r = 0; r < 4; ++r) {
          for (int c = 0; c < 4; ++c) {
            const int64_t cell = rows.index[r] * from + columns.index[c];
            sum += rows.weight[r] * columns.weight[c] * source[cell * heads + head];
          }
        }
        target[(y * to + x) * heads + head] = static_cast<float>(sum);
      }
    }
  }
  return out;
}

}  // namespace arno::florence
