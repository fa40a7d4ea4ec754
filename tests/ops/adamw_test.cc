// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "ops/core/op_def.h"

namespace arno::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void set_grad(Variable& leaf, const Tensor& grad) {
  leaf.clear_grad();
  const Variable same =
      record(leaf.value(), {leaf}, [](const Tensor& g) { return std::vector<Tensor>{g}; });
  backward(same, grad);
}

Variable parameter(const std::vector<float>& values) {
  return Variable(Tensor::from({static_cast<int64_t>(values.size())}, values), true);
}

/// torch.optim.AdamW on one number, in double.
struct NaiveAdamW {
  double p, m = 0, v = 0;
  int t = 0;

  void step(double grad, double lr, double decay, const AdamWOptions& o) {
    ++t;
    p *= 1 - lr * decay;
    m = o.beta1 * m + (1 - o.beta1) * grad;
    v = o.beta2 * v + (1 - o.beta2) * grad * grad;
    const double denominator = std::sqrt(v) / std::sqrt(1 - std::pow(o.beta2, t)) + o.eps;
    p -= lr / (1 - std::pow(o.beta1, t)) * m / denominator;
  }
};

/// Ten steps of two parameters, of which the first decays, against the naive one.
void expect_like_naive(const AdamWOptions& options, double grad_scale) {
  constexpr int64_t kCount = 37;  // crosses the vector width
  Random random{RandomKey(4)};
  std::vector<AdamWSlot> slots;
  std::vector<std::vector<NaiveAdamW>> naive(2);
  for (int i = 0; i < 2; ++i) {
    const Tensor start = random_normal({kCount}, random).to(DType::f32);
    for (const float value : start.data<float>()) naive[i].push_back({.p = value});
    slots.push_back(
        {.name = fmt::format("p{}", i), .variable = Variable(start, true), .decay = i == 0});
  }
  AdamW optimizer(slots, options);

  for (int step = 0; step < 10; ++step) {
    const double lr = 1e-2 / (1 + step);
    for (int i = 0; i < 2; ++i) {
      const Tensor grad =
          random_normal({kCount}, random, std::pow(10.0, step % 4 - 2)).to(DType::f32);
      set_grad(slots[i].variable, grad);
      for (int64_t j = 0; j < kCount; ++j) {
        naive[i][j].step(grad.data<float>()[j] * grad_scale, lr, i == 0 ? 0.2 : 0.0, options);
      }
    }
    optimizer.step(lr, 0.2, grad_scale);
  }

  for (int i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < kCount; ++j) {
      const double expected = naive[i][j].p;
      ASSERT_NEAR(slots[i].variable.value().data<float>()[j], expected, 2e-6) << i << " " << j;
      const float v = optimizer.states()[3 * i + 1].value.data<float>()[j];
      ASSERT_NEAR(v / naive[i][j].v, 1, 2e-6) << i << " " << j;
    }
  }
}

TEST(AdamWTest, TenStepsMatchTheNaiveLoop) { expect_like_naive({}, 1.0); }

TEST(AdamWTest, ScaledGradientsMatchTheNaiveLoop) { expect_like_naive({}, 0.125); }

// 1 - 0.999 taken in f32 is off by 1.3e-5.
TEST(AdamWTest, KeepsTheDigitsOfABetaNearOne) {
  expect_like_naive({.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, 1.0);
}

TEST(AdamWTest, LeavesAParameterWithoutGradientAlone) {
  Variable with = parameter({1});
  const Variable without = parameter({2});
  set_grad(with, Tensor::full({1}, DType::f32, 1));
  AdamW optimizer({{"with", with, true}, {"without", without, true}}, {});

  optimizer.step(0.1, 0.5, 1);

  EXPECT_EQ(without.value().data<float>()[0], 2.0F);
  EXPECT_EQ(optimizer.states()[2].value.data<int64_t>()[0], 1);
  EXPECT_EQ(optimizer.states()[5].value.data<int64_t>()[0], 0);
}

TEST(AdamWTest, RoundsTheParameterAnewAfterAStep) {
  Variable p = parameter({1});
  ASSERT_EQ(static_cast<float>(p.value_as(DType::bf16).data<BFloat16>()[0]), 1.0F);
  set_grad(p, Tensor::full({1}, DType::f32, 1));

  AdamW({{"p", p, false}}, {}).step(0.5, 0, 1);

  EXPECT_EQ(static_cast<float>(p.value_as(DType::bf16).data<BFloat16>()[0]), 0.5F);
}

TEST(AdamWTest, DoesNotChangeGradients) {
  Variable p = parameter({1, 2});
  set_grad(p, Tensor::full({2}, DType::f32, 3));

  AdamW({{"p", p, true}}, {}).step(0.1, 0.1, 0.5);

  EXPECT_THAT(p.grad().data<float>(), ElementsAre(3, 3));
}

TEST(AdamWTest, ContinuesFromRestoredStates) {
  const Tensor grad = Tensor::full({2}, DType::f32, 0.3);
  Variable a = parameter({1, 2});
  AdamW whole({{"p", a, true}}, {});
  set_grad(a, grad);
  whole.step(0.1, 0.1, 1);

  Variable b(a.value().clone(), true);
  AdamW resumed({{"p", b, true}}, {});
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(whole.states()[i].name, resumed.states()[i].name);
    Tensor state = resumed.states()[i].value;
    std::memcpy(state.mutable_raw(), whole.states()[i].value.raw(), state.size_bytes());
  }
  set_grad(a, grad);
  whole.step(0.1, 0.1, 1);
  set_grad(b, grad);
  resumed.step(0.1, 0.1, 1);

  EXPECT_EQ(std::memcmp(a.value().raw(), b.value().raw(), a.value().size_bytes()), 0);
}

TEST(AdamWTest, ResetTakesThePresentShape) {
  Variable p = parameter({1, 2});
  AdamW optimizer({{"p", p, true}}, {});
  set_grad(p, Tensor::full({2}, DType::f32, 1));
  optimizer.step(0.1, 0, 1);

  p.assign(Tensor::zeros({3}, DType::f32));
  optimizer.reset_state("p");

  EXPECT_THAT(optimizer.states()[0].value.data<float>(), ElementsAre(0, 0, 0));
  EXPECT_EQ(optimizer.states()[2].value.data<int64_t>()[0], 0);
  EXPECT_THAT([&] { optimizer.reset_state("q"); },
              ThrowsMessage<Error>(HasSubstr("[adamw] no parameter \"q\"")));
}

TEST(AdamWTest, RejectsAParameterThatIsNotF32) {
  const Variable half(Tensor::zeros({1}, DType::bf16), true);

  EXPECT_THAT(
      [&] {
        AdamW({{"half", half, true}}, {});
      },
      ThrowsMessage<Error>(HasSubstr("[adamw] half has dtype bf16, expected f32")));
}

TEST(ClipTest, NormIsThatOfAllGradientsTogether) {
  constexpr int64_t kCount = 10007;  // several blocks
  Random random{RandomKey(8)};
  const Tensor grad = random_normal({kCount}, random, 1e-3).to(DType::f32);
  double sum = 3.0 * 3.0;
  for (const float value : grad.data<float>()) sum += static_cast<double>(value) * value;
  std::vector<AdamWSlot> slots = {{"a", Variable(Tensor::zeros({kCount}, DType::f32), true)},
                                  {"none", parameter({7})},
                                  {"b", parameter({0})}};
  set_grad(slots[0].variable, grad);
  set_grad(slots[2].variable, Tensor::full({1}, DType::f32, 3));

  const double norm = global_grad_norm(slots);

  EXPECT_NEAR(norm, std::sqrt(sum), 1e-12 * norm);
  EXPECT_EQ(norm, global_grad_norm(slots));
}

TEST(ClipTest, NormOfABadGradientIsNotFinite) {
  std::vector<AdamWSlot> slots = {{"a", parameter({0, 0})}};
  for (const float bad : {std::numeric_limits<float>::infinity(), NAN}) {
    set_grad(slots[0].variable, Tensor::from<float>({2}, std::vector<float>{1, bad}));
    EXPECT_FALSE(std::isfinite(global_grad_norm(slots))) << bad;
  }
}

// 1e30 squared is beyond f32.
TEST(ClipTest, LargeGradientsDoNotOverflow) {
  std::vector<AdamWSlot> slots = {{"a", parameter({0})}};
  set_grad(slots[0].variable, Tensor::full({1}, DType::f32, 1e30));

  EXPECT_NEAR(global_grad_norm(slots), 1e30, 1e24);
}

TEST(ClipTest, ScaleIsThatOfTorch) {
  EXPECT_EQ(clip_scale(0.5, 1.0), 1.0);
  EXPECT_EQ(clip_scale(0.0, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(clip_scale(4.0, 1.0), 1.0 / (4.0 + 1e-6));
}

}  // namespace
}  // namespace arno::ops
