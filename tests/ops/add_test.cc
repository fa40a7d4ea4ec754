// SPDX-License-Identifier: Apache-2.0
#include "ops/math/add.h"

#include <gmock/gmock.h>

#include "ops/math/cast.h"

namespace arno::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::ThrowsMessage;

Variable leaf(const Shape& shape, const std::vector<float>& values) {
  return Variable(Tensor::from(shape, values), true);
}

TEST(AddTest, SumsAndPassesTheGradientToBoth) {
  const Variable a = leaf({2}, {1, 2});
  const Variable b = leaf({2}, {10, 20});

  const Variable y = add(a, b);
  backward(y, Tensor::from<float>({2}, std::vector<float>{3, 4}));

  EXPECT_THAT(y.value().data<float>(), ElementsAre(11, 22));
  EXPECT_THAT(a.grad().data<float>(), ElementsAre(3, 4));
  EXPECT_THAT(b.grad().data<float>(), ElementsAre(3, 4));
}

TEST(AddTest, AcceptsTheSameVariableTwice) {
  const Variable a = leaf({1}, {5});

  backward(add(a, a), Tensor::full({1}, DType::f32, 1));

  EXPECT_THAT(a.grad().data<float>(), ElementsAre(2));
}

TEST(AddTest, RejectsOtherShapesAndDtypes) {
  const Variable a = leaf({2}, {1, 2});

  EXPECT_THAT(
      [&] {
        add(a, leaf({1, 2}, {1, 2}));
      },
      ThrowsMessage<Error>(HasSubstr("[add] b has shape [1, 2], expected [2]")));
  EXPECT_THAT([&] { add(a, cast(a, DType::bf16)); },
              ThrowsMessage<Error>(HasSubstr("[add] b has dtype bf16, expected f32")));
}

// Stochastic depth with keep = 0.5: a sample's branch is dropped or doubled, its gradient too.
TEST(ResidualAddTest, DropsOrScalesTheBranchOfEachSample) {
  const Variable x = leaf({2, 2}, {1, 2, 3, 4});
  const Variable branch = leaf({2, 2}, {10, 20, 30, 40});

  const Variable y = residual_add(x, branch, Tensor::from<float>({2}, std::vector<float>{0, 2}));
  backward(y, Tensor::from<float>({2, 2}, std::vector<float>{5, 6, 7, 8}));

  EXPECT_THAT(y.value().data<float>(), ElementsAre(1, 2, 63, 84));
  EXPECT_THAT(x.grad().data<float>(), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(branch.grad().data<float>(), ElementsAre(0, 0, 14, 16));
}

TEST(ResidualAddTest, UndefinedScaleIsOne) {
  const Variable y = residual_add(leaf({1, 2}, {1, 2}), leaf({1, 2}, {10, 20}), {});

  EXPECT_THAT(y.value().data<float>(), ElementsAre(11, 22));
}

TEST(ResidualAddTest, RejectsAScaleThatDoesNotFit) {
  const Variable x = leaf({2, 1}, {1, 2});

  EXPECT_THAT([&] { residual_add(x, x, Tensor::zeros({3}, DType::f32)); },
              ThrowsMessage<Error>(HasSubstr("[residual_add] scale has shape [3], expected [2]")));
  EXPECT_THAT([&] { residual_add(x, x, Tensor::zeros({2}, DType::bf16)); },
              ThrowsMessage<Error>(HasSubstr("scale has dtype bf16, expected f32")));
}

TEST(CastTest, RoundsThereAndTheGradientBack) {
  const Variable x = leaf({2}, {1.001F, -3});

  const Variable y = cast(x, DType::bf16);
  backward(y, Tensor::full({2}, DType::bf16, 0.5));

  EXPECT_EQ(y.dtype(), DType::bf16);
  EXPECT_EQ(static_cast<float>(y.value().data<BFloat16>()[0]), 1.0F);
  EXPECT_EQ(static_cast<float>(y.value().data<BFloat16>()[1]), -3.0F);
  EXPECT_THAT(x.grad().data<float>(), ElementsAre(0.5, 0.5));
}

TEST(CastTest, KeepsAVariableOfTheWantedDtype) {
  const Variable x = leaf({1}, {2});

  EXPECT_EQ(cast(x, DType::f32).state(), x.state());
}

TEST(CastTest, RejectsAnIntegerDtype) {
  EXPECT_THAT([] { cast(leaf({1}, {2}), DType::i32); },
              ::testing::Throws<Error>(Property(&Error::code, Errc::dtype_mismatch)));
}

}  // namespace
}  // namespace arno::ops
