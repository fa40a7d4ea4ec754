// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstring>

#include "ops/autograd/variable.h"

namespace arno::ops {
namespace {

using ::testing::ElementsAre;

Tensor of(std::vector<float> values) {
  return Tensor::from<float>({static_cast<int64_t>(values.size())}, values);
}

Variable parameter(std::vector<float> values) { return Variable(of(std::move(values)), true); }

template <class Formula>
Tensor elementwise(const Tensor& a, const Tensor& b, Formula formula) {
  Tensor out = Tensor::empty(a.shape(), DType::f32);
  for (int64_t i = 0; i < a.numel(); ++i) {
    out.mutable_data<float>()[i] = formula(a.data<float>()[i], b.data<float>()[i]);
  }
  return out;
}

Variable product(const Variable& a, const Variable& b) {
  const auto times = [](const Tensor& x, const Tensor& y) {
    return elementwise(x, y, std::multiplies<>{});
  };
  return record(times(a.value(), b.value()), {a, b},
                [times, x = a.value(), y = b.value()](const Tensor& grad) {
                  return std::vector<Tensor>{times(grad, y), times(grad, x)};
                });
}

Variable sum(const Variable& a, const Variable& b) {
  return record(elementwise(a.value(), b.value(), std::plus<>{}), {a, b}, [](const Tensor& grad) {
    return std::vector<Tensor>{grad, grad};
  });
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.size_bytes() == b.size_bytes() && std::memcmp(a.raw(), b.raw(), a.size_bytes()) == 0;
}

TEST(AutogradTest, SumsOverEveryUseOfAnInput) {
  const Variable x = parameter({2, 3});

  backward(product(x, sum(x, x)), of({1, 1}));  // 2 x^2

  EXPECT_THAT(x.grad().data<float>(), ElementsAre(8, 12));
}

TEST(AutogradTest, VisitsADiamondOnce) {
  const Variable x = parameter({3});
  const Variable square = product(x, x);
  const Variable left = product(square, x);
  const Variable right = sum(square, x);

  backward(product(left, right));  // x^5 + x^4

  EXPECT_THAT(x.grad().data<float>(), ElementsAre(5 * 81 + 4 * 27));
}

TEST(AutogradTest, AccumulatesAcrossCallsUntilCleared) {
  Variable x = parameter({2});

  backward(product(x, x));
  backward(product(x, x));
  EXPECT_THAT(x.grad().data<float>(), ElementsAre(8));

  x.clear_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST(AutogradTest, AddsSeveralRoots) {
  const Variable x = parameter({2});
  const Variable square = product(x, x);
  const std::vector<std::pair<Variable, Tensor>> roots{{square, of({10})},
                                                       {product(square, x), of({1})}};

  backward(roots);

  EXPECT_THAT(x.grad().data<float>(), ElementsAre(10 * 4 + 12));
}

TEST(AutogradTest, NoGradRecordsNothing) {
  const Variable x = parameter({2});
  {
    const NoGrad no_grad;
    EXPECT_FALSE(product(x, x).requires_grad());
  }

  EXPECT_TRUE(product(x, x).requires_grad());
}

TEST(AutogradTest, ConstantsGetNoGradient) {
  const Variable x = parameter({2});
  const Variable constant(of({5}));

  backward(product(x, constant));

  EXPECT_THAT(x.grad().data<float>(), ElementsAre(5));
  EXPECT_FALSE(constant.grad().defined());
}

TEST(AutogradTest, RejectsAGradientOfAnotherShape) {
  const Variable x = parameter({2, 3});

  EXPECT_THROW(backward(product(x, x)), Error);
  EXPECT_THROW(backward(product(x, x), of({1})), Error);
}

TEST(CheckpointTest, EqualsThePlainRunBitForBit) {
  const auto run = [](bool with_checkpoint) {
    const Variable x = parameter({0.1f, 0.7f});
    const Variable weight = parameter({1.3f, -0.2f});
    const auto body = [weight](const Variable& in) {
      return product(sum(product(in, weight), weight), in);
    };
    const Variable inner = product(x, x);
    const Variable out = with_checkpoint ? checkpoint(body, inner) : body(inner);
    backward(product(out, x), of({0.3f, 0.9f}));
    return std::vector<Tensor>{out.value(), x.grad(), weight.grad()};
  };

  const std::vector<Tensor> plain = run(false);
  const std::vector<Tensor> again = run(true);

  for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(same_bits(plain[i], again[i])) << i;
}

TEST(CheckpointTest, ReachesParametersWhenTheInputNeedsNoGradient) {
  const Variable weight = parameter({3});
  const Variable image(of({5}));

  backward(checkpoint([weight](const Variable& in) { return product(in, weight); }, image));

  EXPECT_THAT(weight.grad().data<float>(), ElementsAre(5));
  EXPECT_FALSE(image.grad().defined());
}

TEST(CheckpointTest, KeepsNothingInside) {
  const Allocator& memory = allocator({});
  const Variable x(Tensor::full({1 << 16}, DType::f32, 1), true);
  const auto body = [](const Variable& in) { return product(product(in, in), product(in, in)); };
  const auto kept_by = [&](auto&& make) {
    const size_t before = memory.stats().in_use;
    const Variable out = make();
    return memory.stats().in_use - before;
  };

  EXPECT_EQ(kept_by([&] { return checkpoint(body, x); }), x.value().size_bytes());
  EXPECT_EQ(kept_by([&] { return body(x); }), 3 * x.value().size_bytes());
}

TEST(AutogradTest, FreesTheTapeInBackward) {
  const Allocator& memory = allocator({});
  const Variable x(Tensor::full({1 << 16}, DType::f32, 1), true);
  const size_t before = memory.stats().in_use;
  Variable out = x;
  for (int i = 0; i < 8; ++i) out = product(out, x);

  backward(out, Tensor::full(x.shape(), DType::f32, 1));

  // The root's value and the gradient of x are left.
  EXPECT_EQ(memory.stats().in_use, before + 2 * x.value().size_bytes());
}

TEST(VariableTest, ValueAsIsMadeAnewAfterAWrite) {
  Variable x = parameter({1});

  EXPECT_TRUE(x.value_as(DType::bf16).shares_with(x.value_as(DType::bf16)));
  x.mutable_value().mutable_data<float>()[0] = 4;

  EXPECT_EQ(x.value_as(DType::bf16).data<BFloat16>()[0], 4.0f);
}

/// Counts the reports of a leaf and keeps the gradient that it had at the last one.
struct FinalGrad {
  explicit FinalGrad(Variable leaf) {
    leaf.on_final_grad([this, leaf]() mutable {
      ++reports;
      value = leaf.grad();
    });
  }
  int reports = 0;
  Tensor value;
};

TEST(AutogradTest, LeafIsReportedWhenNothingCanAddToItsGradient) {
  Variable early = parameter({2, 3});
  Variable late = parameter({5, 7});
  const FinalGrad late_final(late);
  int late_reports = -1;
  early.on_final_grad([&] { late_reports = late_final.reports; });
  // early takes part in the first op alone; late in both, and twice in the second.
  const Variable first = product(early, late);
  backward(product(product(late, late), first), of({1, 1}));

  EXPECT_EQ(late_final.reports, 1);
  EXPECT_THAT(late_final.value.data<float>(), ElementsAre(3 * 2 * 25, 3 * 3 * 49));
  EXPECT_GE(late_reports, 0);
  late.on_final_grad({});
  early.on_final_grad({});
}

TEST(AutogradTest, TapeThatIsDroppedHoldsNoReportBack) {
  Variable leaf = parameter({2});
  const FinalGrad final_grad(leaf);
  product(leaf, leaf);  // never goes backward
  backward(product(leaf, leaf), of({1}));
  EXPECT_EQ(final_grad.reports, 1);
  leaf.on_final_grad({});
}

TEST(AutogradTest, LeafOfACheckpointedBodyAndARootAreReported) {
  Variable inside = parameter({3});
  Variable root = parameter({1});
  const FinalGrad inside_final(inside);
  const FinalGrad root_final(root);
  const Variable out =
      checkpoint([&](const Variable& x) { return product(x, inside); }, Variable(of({4})));
  const std::pair<Variable, Tensor> roots[] = {{out, of({1})}, {root, of({9})}};
  backward(roots);
  EXPECT_EQ(inside_final.reports, 1);
  EXPECT_THAT(inside_final.value.data<float>(), ElementsAre(4));
  EXPECT_EQ(root_final.reports, 1);
  EXPECT_THAT(root_final.value.data<float>(), ElementsAre(9));
  inside.on_final_grad({});
  root.on_final_grad({});
}

}  // namespace
}  // namespace arno::ops
