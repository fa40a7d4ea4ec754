// SPDX-License-Identifier: Apache-2.0
// What every op promises, checked on the samples of its OpDef. An op is tested by being in
// all_ops().
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "common/hash.h"
#include "ops/core/kernel.h"
#include "ops/core/op_def.h"

namespace arno::ops {
namespace {

constexpr size_t kCheckedElements = 64;
constexpr double kStep = 1e-5;
constexpr double kGradientTolerance = 1e-6;

struct Case {
  const OpDef* op;
  OpSample sample;

  std::string name() const {
    std::string out = fmt::format("{}_{}", op->name, sample.name);
    std::ranges::replace_if(
        out, [](unsigned char c) { return !std::isalnum(c); }, '_');
    return out;
  }
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name(); }

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const OpDef* op : all_ops()) {
    for (OpSample& sample : op->samples()) out.push_back({op, std::move(sample)});
  }
  return out;
}

bool contains(const std::vector<size_t>& list, size_t i) {
  return std::ranges::find(list, i) != list.end();
}

/// An output, and the gradient of <projection, output> for each input (undefined: none).
struct Result {
  Tensor output;
  std::vector<Tensor> grads;
};

std::vector<Variable> leaves(const OpSample& sample, const std::vector<Tensor>& inputs) {
  std::vector<Variable> out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool takes_grad = is_floating(inputs[i].dtype()) && !contains(sample.constants, i);
    out.emplace_back(inputs[i], takes_grad);
  }
  return out;
}

class OpContractTest : public ::testing::TestWithParam<Case> {
 protected:
  const OpSample& sample() const { return GetParam().sample; }

  RandomKey key() const { return RandomKey(hash64(GetParam().name())); }

  std::vector<Tensor> inputs() const {
    Random random(key().child(0));
    return sample().inputs(random);
  }

  /// The inputs with every value rounded to the tested dtype, so that all runs see the same.
  std::vector<Tensor> rounded_inputs(DType tested) const {
    std::vector<Tensor> out = inputs();
    for (Tensor& input : out) {
      if (is_floating(input.dtype())) input = input.to(tested).to(DType::f64);
    }
    return out;
  }

  /// The inputs in the dtypes in which an op meets them when activations are `tested`.
  std::vector<Tensor> inputs_in(DType tested) const {
    std::vector<Tensor> out = rounded_inputs(tested);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!is_floating(out[i].dtype())) continue;
      const bool keeps = tested == DType::bf16 && contains(sample().keeps_f32, i);
      out[i] = out[i].to(keeps ? DType::f32 : tested);
    }
    return out;
  }

  /// Random weights for the elements of the output, exact in bf16.
  Tensor projection(const Shape& shape) const {
    Random random(key().child(1));
    return random_normal(shape, random).to(DType::bf16).to(DType::f64);
  }

  Result run(const std::vector<Tensor>& inputs) const {
    const std::vector<Variable> in = leaves(sample(), inputs);
    const Variable out = sample().run(in);
    if (out.requires_grad()) backward(out, projection(out.shape()).to(out.dtype()));
    Result result{out.value(), {}};
    for (const Variable& leaf : in) result.grads.push_back(leaf.grad());
    return result;
  }

  void expect_near_reference(DType tested, double tolerance) const;
};

double largest_error(const Tensor& found, const Tensor& expected) {
  const Tensor wide = found.to(DType::f64);
  const auto a = wide.data<double>();
  const auto b = expected.data<double>();
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]) / (1 + std::abs(b[i]));
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  }
  return worst;
}

/// `what` names the compared tensor in the failure.
void expect_near(const std::string& what, const Tensor& found, const Tensor& expected,
                 double tolerance) {
  ASSERT_EQ(found.defined(), expected.defined()) << what;
  if (!found.defined()) return;
  ASSERT_EQ(found.shape(), expected.shape()) << what;
  if (!is_floating(found.dtype())) {
    EXPECT_EQ(std::memcmp(found.raw(), expected.raw(), found.size_bytes()), 0) << what;
    return;
  }
  EXPECT_LE(largest_error(found, expected), tolerance) << what << " " << found.describe();
}

void OpContractTest::expect_near_reference(DType tested, double tolerance) const {
  const std::vector<Tensor> in = inputs_in(tested);
  const Result found = run(in);
  const Result expected = [&] {
    const ScopedReferenceKernels reference;
    return run(rounded_inputs(tested));
  }();

  expect_near("output", found.output, expected.output, tolerance);
  for (size_t i = 0; i < in.size(); ++i) {
    const std::string what = fmt::format("gradient of input {}", i);
    expect_near(what, found.grads[i], expected.grads[i], tolerance);
    EXPECT_TRUE(!found.grads[i].defined() || found.grads[i].dtype() == in[i].dtype()) << what;
  }
}

/// Every index below n, or kCheckedElements of them when there are more.
std::vector<size_t> elements_to_check(size_t n, Random random) {
  std::vector<size_t> out(std::min(n, kCheckedElements));
  std::iota(out.begin(), out.end(), size_t{0});
  if (n > out.size()) std::ranges::generate(out, [&] { return random.below(n); });
  return out;
}

double dot_of_difference(const Tensor& weights, const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < weights.numel(); ++i) {
    sum += weights.data<double>()[i] * (a.data<double>()[i] - b.data<double>()[i]);
  }
  return sum;
}

TEST_P(OpContractTest, GradientMatchesFiniteDifferences) {
  const std::vector<Tensor> in = inputs();
  const Result result = run(in);
  if (!is_floating(result.output.dtype())) GTEST_SKIP() << "the output is not differentiable";
  const Tensor weights = projection(result.output.shape());
  const auto output_at = [&](size_t input, size_t element, double shift) {
    std::vector<Tensor> moved = in;
    moved[input] = in[input].clone();
    moved[input].mutable_data<double>()[element] += shift;
    const NoGrad no_grad;
    return sample().run(leaves(sample(), moved)).value();
  };

  for (size_t i = 0; i < in.size(); ++i) {
    if (!is_floating(in[i].dtype()) || contains(sample().constants, i)) continue;
    const Tensor& grad = result.grads[i];
    ASSERT_TRUE(grad.defined()) << "input " << i << " got no gradient";
    const auto checked = elements_to_check(in[i].numel(), Random(key().child(2).child(i)));
    for (const size_t element : checked) {
      const double slope =
          dot_of_difference(weights, output_at(i, element, kStep), output_at(i, element, -kStep)) /
          (2 * kStep);
      const double found = grad.data<double>()[element];
      EXPECT_NEAR(found, slope, kGradientTolerance * (1 + std::abs(slope)))
          << "input " << i << " " << in[i].describe() << ", element " << element;
    }
  }
}

TEST_P(OpContractTest, FastMatchesReferenceInF32) {
  expect_near_reference(DType::f32, sample().tolerance_f32);
}

TEST_P(OpContractTest, FastMatchesReferenceInBf16) {
  if (!sample().runs_in_bf16) GTEST_SKIP() << "the op has no bf16 version";
  expect_near_reference(DType::bf16, sample().tolerance_bf16);
}

TEST_P(OpContractTest, IsRepeatable) {
  const auto same = [](const Tensor& a, const Tensor& b) {
    return a.defined() == b.defined() &&
           (!a.defined() || std::memcmp(a.raw(), b.raw(), a.size_bytes()) == 0);
  };
  for (const DType dtype : {DType::f32, DType::bf16}) {
    if (dtype == DType::bf16 && !sample().runs_in_bf16) continue;
    const std::vector<Tensor> in = inputs_in(dtype);
    const Result first = run(in);
    const Result second = run(in);

    EXPECT_TRUE(same(first.output, second.output)) << to_string(dtype);
    for (size_t i = 0; i < in.size(); ++i) {
      EXPECT_TRUE(same(first.grads[i], second.grads[i])) << to_string(dtype) << " input " << i;
    }
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpContractTest);
INSTANTIATE_TEST_SUITE_P(Samples, OpContractTest, ::testing::ValuesIn(all_cases()),
                         [](const auto& info) { return info.param.name(); });

TEST(AllOpsTest, EveryOpHasSamples) {
  for (const OpDef* op : all_ops()) EXPECT_FALSE(op->samples().empty()) << op->name;
}

TEST(AllOpsTest, NamesAreSortedAndUnique) {
  for (size_t i = 1; i < all_ops().size(); ++i) {
    EXPECT_LT(all_ops()[i - 1]->name, all_ops()[i]->name);
  }
}

}  // namespace
}  // namespace arno::ops
