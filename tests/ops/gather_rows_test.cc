// SPDX-License-Identifier: Apache-2.0
#include "ops/math/gather_rows.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ops/nn/embedding.h"

namespace arno::ops {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Tensor indices(const std::vector<int32_t>& values) {
  return Tensor::from({static_cast<int64_t>(values.size())}, values);
}

TEST(GatherRowsTest, SumsTheGradientsOfARepeatedRow) {
  const Variable x(Tensor::from<float>({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6}), true);

  const Variable y = gather_rows(x, indices({2, 0, 2}));
  backward(y, Tensor::from<float>({3, 2}, std::vector<float>{1, 10, 100, 1000, 2, 20}));

  EXPECT_THAT(y.value().data<float>(), ElementsAre(5, 6, 1, 2, 5, 6));
  EXPECT_THAT(x.grad().data<float>(), ElementsAre(100, 1000, 0, 0, 3, 30));
}

// 300 ones: a sum kept in bf16 would stop at 256.
TEST(GatherRowsTest, SumsBf16GradientsInF32) {
  const Variable x(Tensor::zeros({2, 1}, DType::bf16), true);

  const Variable y = gather_rows(x, indices(std::vector<int32_t>(300, 1)));
  backward(y, Tensor::full({300, 1}, DType::bf16, 1));

  EXPECT_EQ(static_cast<float>(x.grad().data<BFloat16>()[1]), 300.0F);
}

TEST(GatherRowsTest, RejectsAnIndexOutOfRange) {
  const Variable x(Tensor::zeros({3, 2}, DType::f32));

  EXPECT_THAT(
      [&] {
        gather_rows(x, indices({0, 3}));
      },
      ThrowsMessage<Error>(HasSubstr("[gather_rows] found index 3, expected one from 0 to 2")));
  EXPECT_THAT([&] { gather_rows(x, indices({-1})); },
              ThrowsMessage<Error>(HasSubstr("found index -1")));
  EXPECT_THAT([&] { gather_rows(x, Tensor::zeros({1}, DType::i64)); },
              ThrowsMessage<Error>(HasSubstr("rows has dtype i64, expected i32")));
}

TEST(EmbeddingTest, RoundsRowsAndKeepsAnF32Gradient) {
  const Variable table(Tensor::from<float>({3, 1}, std::vector<float>{1.001F, 2, 3}), true);

  const Variable y = embedding(table, indices({0, 2, 0}), DType::bf16);
  backward(y, Tensor::full({3, 1}, DType::bf16, 0.25));

  EXPECT_EQ(y.dtype(), DType::bf16);
  EXPECT_EQ(static_cast<float>(y.value().data<BFloat16>()[0]), 1.0F);
  EXPECT_EQ(static_cast<float>(y.value().data<BFloat16>()[1]), 3.0F);
  EXPECT_THAT(table.grad().data<float>(), ElementsAre(0.5, 0, 0.25));
}

TEST(EmbeddingTest, LeavesUntouchedRowsOfALargeTableZero) {
  constexpr int64_t kRows = 49408;
  const Variable table(Tensor::zeros({kRows, 3}, DType::f32), true);

  backward(embedding(table, indices({49407}), DType::f32), Tensor::full({1, 3}, DType::f32, 1));

  EXPECT_THAT(table.grad().narrow(0, kRows - 1).data<float>(), Each(0));
  EXPECT_THAT(table.grad().narrow(kRows - 1, 1).data<float>(), ElementsAre(1, 1, 1));
}

TEST(EmbeddingTest, RejectsAnIdOutOfRange) {
  const Variable table(Tensor::zeros({3, 2}, DType::f32));

  EXPECT_THAT([&] { embedding(table, indices({5}), DType::f32); },
              ThrowsMessage<Error>(HasSubstr("[embedding] found index 5, expected one from 0")));
  EXPECT_THAT(
      [&] { embedding(Variable(Tensor::zeros({3}, DType::f32)), indices({0}), DType::f32); },
      ThrowsMessage<Error>(HasSubstr("table has shape [3], expected [V, C]")));
}

}  // namespace
}  // namespace arno::ops
