// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/packed_attention.h"

#include <gmock/gmock.h>

#include <cstring>
#include <limits>

#include "tests/ops/naive_attention.h"

namespace arno::ops {
namespace {

using ::testing::HasSubstr;

Tensor offsets_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> out{0};
  for (const int32_t length : lengths) out.push_back(out.back() + length);
  return Tensor::from<int32_t>({static_cast<int64_t>(out.size())}, out);
}

/// Every text on its own, head by head.
Tensor one_by_one(const Tensor& qkv, const Tensor& offsets, const PackedAttentionOptions& o) {
  const int64_t C = qkv.dim(1) / 3, d = C / o.heads;
  Tensor y = Tensor::empty({qkv.dim(0), C}, DType::f64);
  const auto bounds = offsets.data<int32_t>();
  for (size_t text = 0; text + 1 < bounds.size(); ++text) {
    if (bounds[text] == bounds[text + 1]) continue;
    for (int64_t head = 0; head < o.heads; ++head) {
      std::vector<std::vector<double>> parts[3];
      for (int64_t row = bounds[text]; row < bounds[text + 1]; ++row) {
        for (int64_t part = 0; part < 3; ++part) {
          const double* first = qkv.data<double>().data() + (row * 3 + part) * C + head * d;
          parts[part].emplace_back(first, first + d);
        }
      }
      const auto out = naive_attention(parts[0], parts[1], parts[2], [&](size_t i, size_t j) {
        return o.causal && j > i ? -std::numeric_limits<double>::infinity() : 0.0;
      });
      for (size_t i = 0; i < out.size(); ++i) {
        std::ranges::copy(out[i], y.mutable_data<double>().begin() +
                                      (bounds[text] + static_cast<int64_t>(i)) * C + head * d);
      }
    }
  }
  return y;
}

TEST(PackedAttentionTest, EqualsTextsOneByOne) {
  const Tensor offsets = offsets_of({1, 8, 77, 0, 16, 17, 100, 2});
  const Tensor qkv = exact_normal({221, 3 * 64}, 1);
  for (const bool causal : {true, false}) {
    for (const int64_t heads : {1, 2, 4}) {
      const PackedAttentionOptions options{.heads = heads, .causal = causal};
      const Tensor expected = one_by_one(qkv, offsets, options);
      const auto error = [&](DType dtype) {
        const Variable y = packed_attention(Variable(qkv.to(dtype)), offsets, options);
        return largest_distance(y.value(), expected);
      };

      EXPECT_LE(error(DType::f64), 1e-12) << heads << causal;
      EXPECT_LE(error(DType::f32), 1e-5) << heads << causal;
      EXPECT_LE(error(DType::bf16), 0.01) << heads << causal;
    }
  }
}

TEST(PackedAttentionTest, AloneATokenReturnsItsValue) {
  const Tensor qkv = exact_normal({3, 3 * 16}, 2).to(DType::f32);

  const Tensor y =
      packed_attention(Variable(qkv), offsets_of({1, 1, 1}), {.heads = 1, .causal = true}).value();

  for (int64_t row = 0; row < 3; ++row) {
    for (int64_t c = 0; c < 16; ++c) {
      EXPECT_FLOAT_EQ(y.data<float>()[row * 16 + c], qkv.data<float>()[row * 48 + 32 + c]);
    }
  }
}

TEST(PackedAttentionTest, LaterTokensAndOtherTextsChangeNothing) {
  const Tensor offsets = offsets_of({20, 5});
  const auto run = [&](const Tensor& qkv) {
    return packed_attention(Variable(qkv), offsets, {.heads = 2, .causal = true}).value();
  };
  const Tensor qkv = exact_normal({25, 3 * 32}, 3).to(DType::f32);
  Tensor changed = qkv.clone();
  Tensor tail = changed.narrow(18, 7);
  tail.copy_from(exact_normal({7, 3 * 32}, 4, 100));

  const Tensor a = run(qkv), b = run(changed);

  const size_t same_bytes = 18 * 32 * sizeof(float);
  EXPECT_EQ(std::memcmp(a.raw(), b.raw(), same_bytes), 0);
  EXPECT_NE(std::memcmp(a.raw() + same_bytes, b.raw() + same_bytes, 32 * sizeof(float)), 0);
}

// The differences of these scores are far beyond the range of e^x.
TEST(PackedAttentionTest, LargeScoresStayNumbers) {
  const Variable qkv(exact_normal({19, 3 * 32}, 5, 1000).to(DType::f32), true);

  const Variable y = packed_attention(qkv, offsets_of({19}), {.heads = 1, .causal = true});
  backward(y, exact_normal({19, 32}, 6).to(DType::f32));

  EXPECT_LT(largest_distance(y.value(), Tensor::zeros({19, 32}, DType::f32)), 1e4);
  EXPECT_LT(largest_distance(qkv.grad(), Tensor::zeros({19, 96}, DType::f32)), 1e9);
}

TEST(PackedAttentionTest, RejectsWrongOffsets) {
  const auto error = [](const Tensor& offsets) {
    return error_of([&] {
      const Variable qkv(Tensor::zeros({4, 12}, DType::f32));
      packed_attention(qkv, offsets, {.heads = 2, .causal = true});
    });
  };
  const auto offsets = [](const std::vector<int32_t>& values) {
    return Tensor::from<int32_t>({static_cast<int64_t>(values.size())}, values);
  };

  EXPECT_THAT(error(offsets({0, 3})), HasSubstr("rise from 0 to the 4 tokens"));
  EXPECT_THAT(error(offsets({1, 4})), HasSubstr("rise from 0 to the 4 tokens"));
  EXPECT_THAT(error(offsets({0, 3, 2, 4})), HasSubstr("rise from 0 to the 4 tokens"));
  EXPECT_THAT(error(offsets({})), HasSubstr("rise from 0 to the 4 tokens"));
  EXPECT_THAT(error(Tensor::zeros({2}, DType::f32)), HasSubstr("offsets has dtype f32"));
}

TEST(PackedAttentionTest, RejectsChannelsThatHeadsDoNotShare) {
  const auto run = [] {
    packed_attention(Variable(Tensor::zeros({4, 12}, DType::f32)), offsets_of({4}),
                     {.heads = 3, .causal = true});
  };

  EXPECT_THAT(error_of(run), HasSubstr("C a multiple of 3 heads"));
}

}  // namespace
}  // namespace arno::ops
