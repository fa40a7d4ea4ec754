// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/linear.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/math/matmul.h"

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

double largest_distance(const Tensor& a, const Tensor& b) {
  const Tensor wide_a = a.to(DType::f64), wide_b = b.to(DType::f64);
  double worst = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    worst = std::max(worst, std::abs(wide_a.data<double>()[i] - wide_b.data<double>()[i]));
  }
  return worst;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.size_bytes() == b.size_bytes() && std::memcmp(a.raw(), b.raw(), a.size_bytes()) == 0;
}

TEST(LinearTest, MultipliesByTheTransposedWeight) {
  const Variable x(Tensor::from<float>({1, 2}, std::vector<float>{1, 10}));
  const Variable weight(Tensor::from<float>({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  const Variable bias(Tensor::from<float>({3}, std::vector<float>{100, 200, 300}));

  const Variable y = linear(x, weight, bias);

  EXPECT_THAT(y.value().data<float>(), ElementsAre(121, 243, 365));
}

// 4096 rows of 320 + 192 elements are two chunks of widened rows.
TEST(LinearTest, Bf16RowsInChunksEqualF32UpToRounding) {
  const Variable weight = normal({192, 320}, 1), bias = normal({192}, 2);
  const Tensor exact = linear(normal({4096, 320}, 3), weight, bias).value();

  const Variable y = linear(normal({4096, 320}, 3, DType::bf16), weight, bias);

  EXPECT_EQ(y.dtype(), DType::bf16);
  EXPECT_LE(largest_distance(y.value(), exact), 0.26);  // half a unit of the last place at 64
  EXPECT_GT(largest_distance(y.value(), exact), 0);
}

// 70000 rows of 128 elements are two chunks of the summed dimension.
TEST(LinearTest, WeightGradientOfBf16IsSummedInF32) {
  const auto gradient = [](DType dtype) {
    const Variable weight = normal({64, 64}, 1);
    const Variable y = linear(Variable(normal({70000, 64}, 2, dtype).value()), weight, {});
    backward(y, normal({70000, 64}, 3, dtype).value());
    return weight.grad();
  };

  const Tensor found = gradient(DType::bf16);

  EXPECT_EQ(found.dtype(), DType::f32);
  EXPECT_LE(largest_distance(found, gradient(DType::f32)), 0.01);  // values around 265
}

// b has 3072 columns: computed in two halves of the columns.
TEST(LinearTest, HalvesOfTheColumnsMeet) {
  const Variable x = normal({2, 16}, 1), weight = normal({16, 3072}, 2);

  const Tensor whole = matmul(x, weight).value();

  for (const int64_t column : {0, 1535, 1536, 3071}) {
    double expected = 0;
    for (int64_t k = 0; k < 16; ++k) {
      expected +=
          double{x.value().data<float>()[16 + k]} * weight.value().data<float>()[k * 3072 + column];
    }
    EXPECT_NEAR(whole.data<float>()[3072 + column], expected, 1e-4) << column;
  }
}

TEST(LinearTest, RepeatsBitForBit) {
  const Variable weight = normal({33, 65}, 1), bias = normal({33}, 2);
  const Variable x = normal({50, 65}, 3);

  const Tensor all = linear(x, weight, bias).value();
  const Tensor again = linear(x, weight, bias).value();

  EXPECT_TRUE(same_bits(all, again));
}

TEST(LinearTest, ComputesOnlyTheGradientsAskedFor) {
  const Variable x(normal({3, 4}, 1).value()), weight = normal({2, 4}, 2);

  backward(linear(x, weight, {}), Tensor::full({3, 2}, DType::f32, 1));

  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(weight.grad().defined());
}

TEST(LinearTest, NamesWhatDoesNotFit) {
  const Variable x = normal({2, 3, 8}, 1);

  EXPECT_EQ(error_of([&] {
              linear(x, normal({4, 7}, 2), {});
            }),
            "shape_mismatch: [linear] weight has shape [4, 7], expected [N, 8] "
            "(last dim of x [2, 3, 8])");
  EXPECT_EQ(error_of([&] {
              linear(x, normal({4, 8}, 2), normal({5}, 3));
            }),
            "shape_mismatch: [linear] bias has shape [5], expected [4]");
  EXPECT_THAT(error_of([&] {
                linear(x, normal({4, 8}, 2, DType::bf16), {});
              }),
              HasSubstr("dtype_mismatch: [linear] weight has dtype bf16"));
}

TEST(MatmulTest, NamesWhatDoesNotFit) {
  const Variable x = normal({2, 8}, 1);

  EXPECT_EQ(error_of([&] {
              matmul(x, normal({7, 4}, 2));
            }),
            "shape_mismatch: [matmul] weight has shape [7, 4], expected [8, N] (x [2, 8])");
  EXPECT_THAT(error_of([&] { matmul(normal({2, 2, 2}, 1), x); }), HasSubstr("expected [M, K]"));
}

}  // namespace
}  // namespace arno::ops
