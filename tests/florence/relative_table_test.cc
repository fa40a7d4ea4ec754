// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/relative_table.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/random.h"

namespace arno::florence {
namespace {

/// Keys' cubic convolution kernel, a = -0.75, at any distance.
double keys_kernel(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  if (x < 2) return a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a;
  return 0;
}

/// One head of a table, resized as torch.nn.functional.interpolate(mode="bicubic",
/// align_corners=False) does it: every source cell, edges repeated, weighed by its distance.
double naive_cell(const std::vector<double>& source, int64_t from, int64_t to, int64_t y,
                  int64_t x) {
  const auto place = [&](int64_t i) {
    return (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) -
           0.5;
  };
  const auto inside = [&](int64_t i) { return std::clamp<int64_t>(i, 0, from - 1); };
  double sum = 0;
  for (int64_t r = -3; r < from + 3; ++r) {
    for (int64_t c = -3; c < from + 3; ++c) {
      sum += keys_kernel(place(y) - static_cast<double>(r)) *
             keys_kernel(place(x) - static_cast<double>(c)) * source[inside(r) * from + inside(c)];
    }
  }
  return sum;
}

ops::Tensor random_table(int64_t window, int64_t heads) {
  Random random{RandomKey(5)};
  ops::Tensor table =
      ops::Tensor::empty({(2 * window - 1) * (2 * window - 1), heads}, ops::DType::f32);
  for (float& value : table.mutable_data<float>()) value = static_cast<float>(random.normal());
  return table;
}

TEST(RelativeTableTest, IsNaiveBicubicInterpolationOfEachHead) {
  constexpr int64_t kHeads = 3;
  for (const auto& [window, wanted] : {std::pair{4, 7}, {7, 12}, {7, 4}, {2, 3}, {1, 3}, {3, 1}}) {
    const int64_t from = 2 * window - 1;
    const int64_t to = 2 * wanted - 1;
    const ops::Tensor table = random_table(window, kHeads);
    const ops::Tensor resized = resize_relative_table(table, wanted);
    ASSERT_EQ(resized.shape(), (ops::Shape{to * to, kHeads}));
    for (int64_t head = 0; head < kHeads; ++head) {
      std::vector<double> source;
      for (int64_t i = 0; i < from * from; ++i) {
        source.push_back(table.data<float>()[i * kHeads + head]);
      }
      for (int64_t i = 0; i < to * to; ++i) {
        EXPECT_NEAR(resized.data<float>()[i * kHeads + head],
                    naive_cell(source, from, to, i / to, i % to), 1e-5)
            << window << " -> " << wanted << ", head " << head << ", cell " << i;
      }
    }
  }
}

TEST(RelativeTableTest, SameWindowCopies) {
  const ops::Tensor table = random_table(4, 2);
  const ops::Tensor same = resize_relative_table(table, 4);
  EXPECT_FALSE(same.shares_with(table));
  EXPECT_TRUE(std::ranges::equal(same.data<float>(), table.data<float>()));
}

TEST(RelativeTableTest, ConstantStaysConstant) {
  const ops::Tensor table = ops::Tensor::full({49, 2}, ops::DType::f32, 0.375);
  const ops::Tensor resized = resize_relative_table(table, 7);
  for (const float value : resized.data<float>()) EXPECT_FLOAT_EQ(value, 0.375F);
}

TEST(RelativeTableTest, HandCheckedRow) {
  // Columns 0, 0, 1 in each of three equal rows, 3 -> 5 cells. Output column 3 looks at
  // 3.5 * 3 / 5 - 0.5 = 1.6, between columns 1 and 2 and, beyond the edge, column 2 again:
  // kernel(0.4) + kernel(1.4).
  const ops::Tensor table =
      ops::Tensor::from<float>({9, 1}, std::vector<float>{0, 0, 1, 0, 0, 1, 0, 0, 1});
  const ops::Tensor resized = resize_relative_table(table, 3);
  const double near = 1.25 * 0.064 - 2.25 * 0.16 + 1;            // 0.72
  const double far = -0.75 * 2.744 + 3.75 * 1.96 - 6 * 1.4 + 3;  // -0.108
  for (int row = 0; row < 5; ++row) {
    EXPECT_NEAR(resized.data<float>()[row * 5 + 3], near + far, 1e-6);
  }
  EXPECT_NEAR(near + far, 0.612, 1e-12);
}

TEST(RelativeTableTest, WindowIsReadFromTheShape) {
  EXPECT_EQ(window_of_table({1, 3}), 1);
  EXPECT_EQ(window_of_table({169, 3}), 7);
  EXPECT_THROW(window_of_table({170, 3}), Error);
  EXPECT_THROW(window_of_table({16, 3}), Error);  // an even side
  EXPECT_THROW(window_of_table({169}), Error);
}

}  // namespace
}  // namespace arno::florence
