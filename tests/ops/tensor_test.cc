// SPDX-License-Identifier: Apache-2.0
#include "ops/core/tensor.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace arno::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The text of the error that `body` throws, with its code in front.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return fmt::format("{}: {}", to_string(error.code()), error.what());
  }
  return "no error";
}

float through_bf16(float value) { return BFloat16(value); }

TEST(ShapeTest, CountsFromBothEnds) {
  const Shape shape{2, 3, 5};

  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 5);
  EXPECT_EQ(shape.numel(), 30);
  EXPECT_EQ(shape.with(-1, 7), (Shape{2, 3, 7}));
  EXPECT_EQ(shape.to_string(), "[2, 3, 5]");
}

TEST(ShapeTest, ScalarHasOneElementAndEmptyHasNone) {
  EXPECT_EQ(Shape{}.numel(), 1);
  EXPECT_EQ((Shape{4, 0}).numel(), 0);
}

TEST(ShapeTest, RejectsBadExtents) {
  EXPECT_THAT(error_of([] { Shape{2, -1}; }), HasSubstr("invalid_argument: [shape] negative"));
  EXPECT_THAT(error_of([] { Shape{1, 1, 1, 1, 1, 1, 1}; }), HasSubstr("7 extents, at most 6"));
  EXPECT_THAT(error_of([] { (void)Shape{2, 3}[2]; }), HasSubstr("extent 2 of [2, 3]"));
}

TEST(TensorTest, NarrowSharesTheRows) {
  Tensor whole = Tensor::from<float>({3, 2}, std::vector<float>{0, 1, 2, 3, 4, 5});

  Tensor part = whole.narrow(1, 2);
  part.mutable_data<float>()[0] = 9;

  EXPECT_THAT(part.data<float>(), ElementsAre(9, 3, 4, 5));
  EXPECT_EQ(whole.data<float>()[2], 9);
  EXPECT_TRUE(part.shares_with(whole));
  EXPECT_EQ(whole.narrow(3, 0).numel(), 0);
}

TEST(TensorTest, NarrowRejectsRowsOutside) {
  const Tensor whole = Tensor::zeros({3, 2}, DType::f32);

  EXPECT_THAT(error_of([&] { (void)whole.narrow(2, 2); }), HasSubstr("2 rows from 2 of [3, 2]"));
  EXPECT_THAT(error_of([&] { (void)whole.narrow(-1, 1); }), HasSubstr("invalid_argument"));
}

TEST(TensorTest, CloneIsApart) {
  const Tensor first = Tensor::full({4}, DType::bf16, 2);

  Tensor second = first.clone();
  second.mutable_data<BFloat16>()[0] = 5;

  EXPECT_EQ(first.data<BFloat16>()[0], 2.0f);
  EXPECT_FALSE(second.shares_with(first));
}

TEST(TensorTest, ReshapeKeepsTheCount) {
  const Tensor tensor = Tensor::zeros({6}, DType::f32);

  EXPECT_EQ(tensor.reshape({2, 3}).dim(1), 3);
  EXPECT_THAT(error_of([&] { (void)tensor.reshape({4}); }), HasSubstr("shape_mismatch"));
}

TEST(TensorTest, DataChecksTheType) {
  const Tensor tensor = Tensor::zeros({2}, DType::bf16);

  EXPECT_THAT(error_of([&] { (void)tensor.data<float>(); }),
              HasSubstr("dtype_mismatch: [tensor] elements are bf16, asked for f32"));
}

TEST(BFloat16Test, RoundsToNearestEven) {
  constexpr float kUlp = 1.0f / 128;  // next to 1

  EXPECT_EQ(through_bf16(1 + kUlp), 1 + kUlp);
  EXPECT_EQ(through_bf16(1 + kUlp / 2), 1);
  EXPECT_EQ(through_bf16(1 + 1.5f * kUlp), 1 + 2 * kUlp);
  EXPECT_EQ(through_bf16(1 + 0.51f * kUlp), 1 + kUlp);
  EXPECT_EQ(through_bf16(-1 - 1.5f * kUlp), -1 - 2 * kUlp);
}

TEST(BFloat16Test, KeepsSpecialValues) {
  EXPECT_TRUE(std::isnan(through_bf16(std::bit_cast<float>(0x7f800001U))));
  EXPECT_TRUE(std::isinf(through_bf16(std::numeric_limits<float>::max())));
  EXPECT_TRUE(std::signbit(through_bf16(-0.0f)));
}

TEST(TensorTest, CastRoundsOnce) {
  const std::vector<double> values{1.00390625, 3.0, -0.1};

  const Tensor rounded = Tensor::from<double>({3}, values).to(DType::bf16).to(DType::f64);

  EXPECT_THAT(rounded.data<double>(), ElementsAre(1.0, 3.0, -0.10009765625));
}

TEST(AllocatorTest, GivesBackAndReuses) {
  Allocator& memory = allocator({});
  memory.release_cache();
  const size_t before = memory.stats().in_use;
  const std::byte* first = nullptr;
  {
    const Block block = memory.allocate(1000);
    first = block.get();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 64, 0u);
    EXPECT_GE(memory.stats().in_use, before + 1000);
  }

  EXPECT_EQ(memory.stats().in_use, before);
  EXPECT_GE(memory.stats().cached, 1000u);
  EXPECT_EQ(memory.allocate(1000).get(), first);
}

TEST(AllocatorTest, RemembersThePeak) {
  Allocator& memory = allocator({});
  memory.reset_peak();
  const size_t before = memory.stats().peak_in_use;
  { const Tensor big = Tensor::empty({1 << 20}, DType::f32); }
  { const Tensor small = Tensor::empty({16}, DType::f32); }

  EXPECT_GE(memory.stats().peak_in_use, before + (size_t{4} << 20));
  memory.reset_peak();
  EXPECT_EQ(memory.stats().peak_in_use, before);
}

TEST(AllocatorTest, RefusesOtherDevices) {
  EXPECT_THAT(error_of([] { allocator({DeviceKind::cuda, 0}); }), HasSubstr("unsupported"));
}

}  // namespace
}  // namespace arno::ops
