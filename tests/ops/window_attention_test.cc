// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/window_attention.h"

#include <gmock/gmock.h>
#include <omp.h>

#include <cstring>

#include "tests/ops/naive_attention.h"

namespace arno::ops {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Row = std::vector<double>;

int64_t wrapped(int64_t at, int64_t extent) { return (at % extent + extent) % extent; }

/// x [B, H, W, C] with every token moved by (by, by), as torch.roll does.
Tensor roll(const Tensor& x, int64_t by) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  const int64_t H = x.dim(1), W = x.dim(2), C = x.dim(3);
  for (int64_t row = 0; row < x.dim(0) * H; ++row) {
    for (int64_t at = 0; at < W; ++at) {
      const int64_t to = row / H * H + wrapped(row % H + by, H);
      const double* from = x.data<double>().data() + (row * W + at) * C;
      std::copy_n(from, C, out.mutable_data<double>().data() + (to * W + wrapped(at + by, W)) * C);
    }
  }
  return out;
}

/// The number of the slice of Swin's mask image: [0, -w), [-w, -shift), [-shift, end).
int64_t slice(int64_t at, int64_t extent, const WindowAttentionOptions& o) {
  if (at < extent - o.window) return 0;
  return at < extent - o.shift ? 1 : 2;
}

/// Swin, step by step: roll, partition, attend with bias and mask, reverse, roll back.
Tensor swin_attention(const Tensor& qkv, const Tensor& table, const WindowAttentionOptions& o) {
  const Tensor rolled = roll(qkv, -o.shift);
  const int64_t H = qkv.dim(1), W = qkv.dim(2), C = qkv.dim(3) / 3;
  const int64_t w = o.window, d = C / o.heads;
  Tensor y = Tensor::empty({qkv.dim(0), H, W, C}, DType::f64);
  const auto token = [&](int64_t window, int64_t i) {  // its y over all images, and its x
    const int64_t across = W / w;
    return std::pair(window / across * w + i / w, window % across * w + i % w);
  };
  for (int64_t window = 0; window < qkv.dim(0) * (H / w) * (W / w); ++window) {
    for (int64_t head = 0; head < o.heads; ++head) {
      std::vector<Row> parts[3];
      for (int64_t i = 0; i < w * w; ++i) {
        const auto [row, column] = token(window, i);
        for (int64_t part = 0; part < 3; ++part) {
          const double* first =
              rolled.data<double>().data() + (row * W + column) * 3 * C + part * C + head * d;
          parts[part].emplace_back(first, first + d);
        }
      }
      const auto added = [&](int64_t i, int64_t j) {
        const auto [row_i, column_i] = token(window, i);
        const auto [row_j, column_j] = token(window, j);
        const bool joined = o.shift > 0 && (slice(row_i % H, H, o) != slice(row_j % H, H, o) ||
                                            slice(column_i, W, o) != slice(column_j, W, o));
        const int64_t dy = row_i - row_j + w - 1, dx = column_i - column_j + w - 1;
        return table.data<double>()[(dy * (2 * w - 1) + dx) * o.heads + head] - (joined ? 100 : 0);
      };
      const std::vector<Row> out = naive_attention(parts[0], parts[1], parts[2], added);
      for (int64_t i = 0; i < w * w; ++i) {
        const auto [row, column] = token(window, i);
        std::ranges::copy(out[i],
                          y.mutable_data<double>().begin() + (row * W + column) * C + head * d);
      }
    }
  }
  return roll(y, o.shift);
}

Tensor table_for(const WindowAttentionOptions& o) {
  return exact_normal({(2 * o.window - 1) * (2 * o.window - 1), o.heads}, 11);
}

struct Case {
  Shape qkv;
  WindowAttentionOptions options;
};

class WindowAttentionTest : public ::testing::TestWithParam<Case> {
 protected:
  double error_in(DType dtype) const {
    const auto& [shape, options] = GetParam();
    const Tensor qkv = exact_normal(shape, 10), table = table_for(options);
    const Variable bias(dtype == DType::f64 ? table : table.to(DType::f32));
    const Tensor y = window_attention(Variable(qkv.to(dtype)), bias, options).value();
    EXPECT_EQ(y.dtype(), dtype);
    return largest_distance(y, swin_attention(qkv, table, options));
  }
};

TEST_P(WindowAttentionTest, EqualsRollPartitionAttendAndReverse) {
  EXPECT_LE(error_in(DType::f64), 1e-12);
  EXPECT_LE(error_in(DType::f32), 1e-5);
  EXPECT_LE(error_in(DType::bf16), 0.01);  // half a unit of the last place below 4
}

INSTANTIATE_TEST_SUITE_P(
    Grids, WindowAttentionTest,
    ::testing::Values(Case{{1, 7, 7, 96}, {.window = 7, .shift = 0, .heads = 1}},
                      Case{{2, 14, 21, 192}, {.window = 7, .shift = 3, .heads = 2}},
                      Case{{1, 24, 12, 96}, {.window = 12, .shift = 6, .heads = 1}},
                      Case{{1, 8, 4, 96}, {.window = 4, .shift = 2, .heads = 2}},
                      Case{{2, 4, 6, 48}, {.window = 2, .shift = 1, .heads = 1}},
                      Case{{1, 7, 7, 96}, {.window = 7, .shift = 3, .heads = 1}},
                      Case{{1, 2, 3, 30}, {.window = 1, .shift = 0, .heads = 2}}));

// e^-100 of the largest f32 is nothing, but even one denormal probability of 1e-38 would show.
TEST(WindowAttentionMaskTest, LeavesNoTraceOfJoinedTokens) {
  const WindowAttentionOptions options{.window = 2, .shift = 1, .heads = 1};
  Tensor qkv = Tensor::zeros({1, 4, 4, 48}, DType::f32);
  for (int64_t column = 0; column < 4; ++column) {  // the upper row of tokens meets the lowest
    std::fill_n(qkv.mutable_data<float>().begin() + column * 48 + 32, 16, 3e38F);
  }

  const Tensor y =
      window_attention(Variable(qkv), Variable(Tensor::zeros({9, 1}, DType::f32)), options).value();

  for (int64_t i = 4 * 16; i < y.numel(); ++i) ASSERT_EQ(y.data<float>()[i], 0) << i;
}

TEST(WindowAttentionGradientTest, SameBitsForAnyNumberOfThreads) {
  const WindowAttentionOptions options{.window = 4, .shift = 2, .heads = 2};
  const auto gradients = [&](int threads) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    const Variable qkv(exact_normal({5, 16, 12, 96}, 1).to(DType::bf16), true);
    const Variable table(table_for(options).to(DType::f32), true);
    const Variable y = window_attention(qkv, table, options);
    backward(y, exact_normal(y.shape(), 2).to(DType::bf16));
    omp_set_num_threads(before);
    return std::pair(qkv.grad(), table.grad());
  };

  const auto [qkv_one, table_one] = gradients(1);
  const auto [qkv_three, table_three] = gradients(3);

  EXPECT_EQ(std::memcmp(qkv_one.raw(), qkv_three.raw(), qkv_one.size_bytes()), 0);
  EXPECT_EQ(std::memcmp(table_one.raw(), table_three.raw(), table_one.size_bytes()), 0);
  EXPECT_EQ(table_one.dtype(), DType::f32);
}

TEST(WindowAttentionErrorTest, NamesWhatDoesNotFit) {
  const auto error = [](const Shape& qkv, const Shape& table, WindowAttentionOptions options) {
    return error_of([&] {
      window_attention(Variable(Tensor::zeros(qkv, DType::f32)),
                       Variable(Tensor::zeros(table, DType::f32)), options);
    });
  };

  EXPECT_THAT(error({1, 8, 8, 24}, {9, 3}, {.window = 2, .shift = 0, .heads = 3}),
              AllOf(HasSubstr("[1, 8, 8, 24]"), HasSubstr("3 heads")));
  EXPECT_THAT(error({1, 8, 9, 24}, {9, 2}, {.window = 2, .shift = 0, .heads = 2}),
              HasSubstr("grid of 8 x 9 tokens is not a multiple of the window 2"));
  EXPECT_THAT(error({1, 8, 8, 24}, {9, 2}, {.window = 2, .shift = 2, .heads = 2}),
              HasSubstr("shift 2 with window 2"));
  EXPECT_THAT(error({1, 8, 8, 24}, {4, 2}, {.window = 2, .shift = 0, .heads = 2}),
              AllOf(HasSubstr("bias_table has shape [4, 2]"), HasSubstr("[9, 2]")));
}

}  // namespace
}  // namespace arno::ops
