// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace arno::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Variable normal(const Shape& shape, uint64_t key, DType dtype = DType::f32) {
  Random random{RandomKey(key)};
  return Variable(random_normal(shape, random).to(DType::bf16).to(dtype), true);
}

template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return fmt::format("{}: {}", to_string(error.code()), error.what());
  }
  return "no error";
}

TEST(Conv2dTest, DoesNotFlipTheWindow) {
  const Variable x(Tensor::from<float>({1, 2, 3, 1}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  const Variable weight(Tensor::from<float>({1, 1, 1, 2}, std::vector<float>{10, 1}));

  const Variable y = conv2d(x, weight, {});

  EXPECT_EQ(y.shape(), (Shape{1, 2, 2, 1}));
  EXPECT_THAT(y.value().data<float>(), ElementsAre(12, 23, 45, 56));
}

TEST(Conv2dTest, PadsWithZerosAndStrides) {
  const Variable x(Tensor::full({1, 4, 4, 1}, DType::f32, 1));
  const Variable weight(Tensor::full({1, 1, 3, 3}, DType::f32, 1));

  const Variable y = conv2d(x, weight, {}, {.stride = 2, .padding = 1});

  EXPECT_THAT(y.value().data<float>(), ElementsAre(4, 6, 6, 9));
}

TEST(Conv2dTest, StemOfSwinHalvesTwice) {
  const Variable y = conv2d(Variable(Tensor::zeros({1, 224, 224, 3}, DType::f32)),
                            normal({8, 3, 7, 7}, 1), normal({8}, 2), {.stride = 4, .padding = 2});

  EXPECT_EQ(y.shape(), (Shape{1, 56, 56, 8}));
}

// 40 images of 1 MiB in f32 are two chunks where bf16 is widened.
TEST(Conv2dTest, Bf16ImagesInChunksEqualF32) {
  const auto gradient = [](DType dtype) {
    const Variable weight = normal({1, 64, 1, 1}, 1);
    const Variable x(normal({40, 64, 64, 64}, 2, dtype).value());
    backward(conv2d(x, weight, {}, {.stride = 8}), normal({40, 8, 8, 1}, 3, dtype).value());
    return weight.grad();
  };

  const Tensor found = gradient(DType::bf16), expected = gradient(DType::f32);

  for (int64_t i = 0; i < found.numel(); ++i) {
    EXPECT_NEAR(found.data<float>()[i], expected.data<float>()[i], 1e-3) << i;
  }
}

TEST(Conv2dTest, SkipsTheGradientOfAnImage) {
  const Variable image(normal({1, 4, 4, 3}, 1).value()), weight = normal({2, 3, 2, 2}, 2);

  backward(conv2d(image, weight, {}), Tensor::full({1, 3, 3, 2}, DType::f32, 1));

  EXPECT_FALSE(image.grad().defined());
  EXPECT_TRUE(weight.grad().defined());
}

TEST(Conv2dTest, NamesWhatDoesNotFit) {
  const Variable x = normal({1, 4, 4, 3}, 1);

  EXPECT_THAT(error_of([&] {
                conv2d(x, normal({2, 4, 3, 3}, 2), {});
              }),
              HasSubstr("shape_mismatch: [conv2d] weight has shape [2, 4, 3, 3], expected [O, 3"));
  EXPECT_THAT(error_of([&] {
                conv2d(x, normal({2, 3, 5, 5}, 2), {});
              }),
              HasSubstr("smaller than the window"));
  EXPECT_THAT(error_of([&] {
                conv2d(x, normal({2, 3, 3, 3}, 2), {}, {.stride = 0});
              }),
              HasSubstr("invalid_argument: [conv2d] stride 0"));
  EXPECT_THAT(error_of([&] {
                conv2d(x, normal({2, 3, 3, 3}, 2), normal({3}, 3));
              }),
              HasSubstr("[conv2d] bias has shape [3], expected [2]"));
}

}  // namespace
}  // namespace arno::ops
