// SPDX-License-Identifier: Apache-2.0

// The ops that go through several layers a chunk of rows at a time, against the layers one by one.
#include <gmock/gmock.h>

#include <cmath>

#include "ops/math/add.h"
#include "ops/nn/linear.h"
#include "ops/nn/norm_linear.h"
#include "ops/nn/residual_mlp.h"
#include "tests/support/problem_of.h"

namespace arno::ops {
namespace {

constexpr double kTolerance = 2e-5;  // of the largest element: sums run in another order

Variable parameter(const Shape& shape, Random& random, double scale) {
  return Variable(random_normal(shape, random, scale).to(DType::f32), true);
}

/// 5 images of 1600 tokens: a chunk of two and one of three.
struct Inputs {
  Random random{RandomKey(3)};
  Variable x = parameter({5, 40, 40, 16}, random, 2.0);
  Variable norm_weight = parameter({16}, random, 1.0);
  Variable norm_bias = parameter({16}, random, 1.0);
  Variable fc1_weight = parameter({24, 16}, random, 0.3);
  Variable fc1_bias = parameter({24}, random, 0.3);
  Variable fc2_weight = parameter({16, 24}, random, 0.3);
  Variable fc2_bias = parameter({16}, random, 0.3);
  Tensor scale = Tensor::from<float>({5}, {1.25F, 0.0F, 1.25F, 1.25F, 0.5F});

  std::vector<Variable> leaves() const {
    return {x, norm_weight, norm_bias, fc1_weight, fc1_bias, fc2_weight, fc2_bias};
  }
};

double relative_error(const Tensor& found, const Tensor& wanted) {
  EXPECT_EQ(found.shape(), wanted.shape());
  double difference = 0, largest = 1e-30;
  for (size_t i = 0; i < wanted.data<float>().size(); ++i) {
    const double a = found.data<float>()[i], b = wanted.data<float>()[i];
    difference = std::max(difference, std::abs(a - b));
    largest = std::max(largest, std::abs(b));
  }
  return difference / largest;
}

/// Compares outputs and the gradients of all leaves that `plain` reaches.
template <class Fused, class Plain>
void expect_alike(Fused fused, Plain plain) {
  const Inputs a, b;
  const Variable found = fused(a);
  const Variable wanted = plain(b);
  Random random(RandomKey(4));
  const Tensor grad = random_normal(wanted.shape(), random).to(DType::f32);
  backward(found, grad);
  backward(wanted, grad);

  EXPECT_LT(relative_error(found.value(), wanted.value()), kTolerance);
  for (size_t i = 0; i < a.leaves().size(); ++i) {
    const Tensor wanted_grad = b.leaves()[i].grad();
    ASSERT_EQ(a.leaves()[i].grad().defined(), wanted_grad.defined()) << "leaf " << i;
    if (!wanted_grad.defined()) continue;
    EXPECT_LT(relative_error(a.leaves()[i].grad(), wanted_grad), kTolerance) << "leaf " << i;
  }
}

TEST(ResidualMlpTest, EqualsItsLayersOneByOne) {
  for (const bool scaled : {false, true}) {
    expect_alike(
        [=](const Inputs& in) {
          return residual_mlp(in.x,
                              {in.norm_weight, in.norm_bias, in.fc1_weight, in.fc1_bias,
                               in.fc2_weight, in.fc2_bias},
                              scaled ? in.scale : Tensor());
        },
        [=](const Inputs& in) {
          const Variable norm = layer_norm(in.x, in.norm_weight, in.norm_bias);
          const Variable hidden = gelu(linear(norm, in.fc1_weight, in.fc1_bias));
          return residual_add(in.x, linear(hidden, in.fc2_weight, in.fc2_bias),
                              scaled ? in.scale : Tensor());
        });
  }
}

TEST(ResidualMlpTest, KeepsTheInputOfTheActivationOnly) {
  const Inputs in;
  const size_t before = allocator({}).stats().in_use;

  const Variable y = residual_mlp(
      in.x, {in.norm_weight, in.norm_bias, in.fc1_weight, in.fc1_bias, in.fc2_weight, in.fc2_bias},
      {});

  const size_t rows = 5 * 40 * 40;
  const size_t kept = rows * 24 * sizeof(float) + y.value().size_bytes();
  EXPECT_LT(allocator({}).stats().in_use - before, kept + kept / 8);
}

TEST(ResidualMlpTest, NamesTheWeightThatDoesNotFit) {
  const Inputs in;

  EXPECT_THAT(testing::problem_of(Errc::shape_mismatch,
                                  [&] {
                                    residual_mlp(in.x,
                                                 {in.norm_weight, in.norm_bias, in.fc1_weight,
                                                  in.fc1_bias, in.fc1_weight, in.fc2_bias},
                                                 {});
                                  }),
              ::testing::HasSubstr("[residual_mlp] fc2_weight has shape [24, 16]"));
}

TEST(NormLinearTest, EqualsItsLayersOneByOne) {
  expect_alike(
      [](const Inputs& in) {
        return norm_linear(in.x, {in.norm_weight, in.norm_bias, in.fc1_weight, in.fc1_bias});
      },
      [](const Inputs& in) {
        return linear(layer_norm(in.x, in.norm_weight, in.norm_bias), in.fc1_weight, in.fc1_bias);
      });
}

TEST(NormLinearTest, NamesTheWeightThatDoesNotFit) {
  const Inputs in;

  EXPECT_THAT(testing::problem_of(
                  Errc::shape_mismatch,
                  [&] {
                    norm_linear(in.x, {in.norm_weight, in.norm_bias, in.fc2_weight, in.fc1_bias});
                  }),
              ::testing::HasSubstr("[norm_linear] weight has shape [16, 24], expected [N, 16]"));
}

}  // namespace
}  // namespace arno::ops
