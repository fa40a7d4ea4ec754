// SPDX-License-Identifier: Apache-2.0
// What ends a tower (mean_pool, l2_normalize) and what fits a grid to its windows (pad_grid).
#include <gmock/gmock.h>

#include <cmath>

#include "ops/nn/l2_normalize.h"
#include "ops/nn/mean_pool.h"
#include "ops/nn/pad_grid.h"

namespace arno::ops {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(MeanPoolTest, AveragesTheGridOfEachSample) {
  const Variable x(
      Tensor::from<float>({1, 2, 2, 2}, std::vector<float>{1, 10, 2, 20, 3, 30, 6, 60}), true);

  const Variable y = mean_pool(x);
  backward(y, Tensor::from<float>({1, 2}, std::vector<float>{4, 8}));

  EXPECT_EQ(y.shape(), Shape({1, 2}));
  EXPECT_THAT(y.value().data<float>(), ElementsAre(3, 30));
  EXPECT_THAT(x.grad().data<float>(), ElementsAre(1, 2, 1, 2, 1, 2, 1, 2));
}

// A sum of 600 ones kept in bf16 would stop at 256.
TEST(MeanPoolTest, SumsBf16InF32) {
  const Variable y = mean_pool(Variable(Tensor::full({1, 600, 1}, DType::bf16, 1)));

  EXPECT_EQ(static_cast<float>(y.value().data<BFloat16>()[0]), 1.0F);
}

TEST(MeanPoolTest, RejectsAnEmptyMiddle) {
  EXPECT_THAT(
      [] {
        mean_pool(Variable(Tensor::zeros({2, 0, 3}, DType::f32)));
      },
      ThrowsMessage<Error>(HasSubstr("[mean_pool] x has shape [2, 0, 3]")));
  EXPECT_THAT(
      [] {
        mean_pool(Variable(Tensor::zeros({2, 3}, DType::f32)));
      },
      ThrowsMessage<Error>(HasSubstr("x has shape [2, 3], expected [B, ..., C]")));
}

TEST(L2NormalizeTest, GradientIsOrthogonalToTheOutput) {
  const Variable x(Tensor::from<float>({1, 2}, std::vector<float>{3, 4}), true);

  const Variable y = l2_normalize(x);
  backward(y, Tensor::from<float>({1, 2}, std::vector<float>{1, 0}));

  EXPECT_NEAR(y.value().data<float>()[0], 0.6, 1e-7);
  EXPECT_NEAR(y.value().data<float>()[1], 0.8, 1e-7);
  // (I - y y^T) grad / |x|
  EXPECT_NEAR(x.grad().data<float>()[0], (1 - 0.6 * 0.6) / 5, 1e-7);
  EXPECT_NEAR(x.grad().data<float>()[1], -0.8 * 0.6 / 5, 1e-7);
}

TEST(L2NormalizeTest, ZeroRowsStayZero) {
  const Variable x(Tensor::zeros({2, 3}, DType::f32), true);

  const Variable y = l2_normalize(x);
  backward(y, Tensor::full({2, 3}, DType::f32, 1e-3));

  EXPECT_THAT(y.value().data<float>(), Each(0));
  for (const float slope : x.grad().data<float>()) EXPECT_TRUE(std::isfinite(slope));
}

TEST(L2NormalizeTest, RejectsOtherRanks) {
  EXPECT_THAT([] { l2_normalize(Variable(Tensor::zeros({4}, DType::f32))); },
              ThrowsMessage<Error>(HasSubstr("[l2_normalize] x has shape [4], expected [N, D]")));
}

TEST(PadGridTest, PadsRightAndBottom) {
  const Variable x(Tensor::from<float>({1, 1, 2, 1}, std::vector<float>{1, 2}), true);

  const Variable y = pad_grid(x, 2, 3);
  backward(y, Tensor::from<float>({1, 2, 3, 1}, std::vector<float>{10, 20, 30, 40, 50, 60}));

  EXPECT_THAT(y.value().data<float>(), ElementsAre(1, 2, 0, 0, 0, 0));
  EXPECT_THAT(x.grad().data<float>(), ElementsAre(10, 20));
}

TEST(PadGridTest, CropUndoesPad) {
  Random random{RandomKey(3)};
  const Tensor x = random_normal({2, 3, 5, 4}, random).to(DType::bf16);

  const Tensor back = crop_grid(pad_grid(Variable(x), 7, 7), 3, 5).value();

  ASSERT_EQ(back.shape(), x.shape());
  for (int64_t i = 0; i < x.numel(); ++i) {
    ASSERT_EQ(back.data<BFloat16>()[i].bits, x.data<BFloat16>()[i].bits) << i;
  }
}

TEST(PadGridTest, RejectsAGridThatDoesNotFit) {
  const Variable x(Tensor::zeros({1, 3, 3, 1}, DType::f32));

  EXPECT_THAT([&] { pad_grid(x, 2, 3); },
              ThrowsMessage<Error>(HasSubstr("[pad_grid] x has shape [1, 3, 3, 1]")));
  EXPECT_THAT([&] { crop_grid(x, 3, 4); },
              ThrowsMessage<Error>(HasSubstr("[crop_grid] x has shape [1, 3, 3, 1]")));
}

}  // namespace
}  // namespace arno::ops
