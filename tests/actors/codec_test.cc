// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "tests/actors/codec_samples.h"
#include "tests/support/problem_of.h"

// How items leave the process and come in.
namespace arno::actors {
namespace {

using ::testing::HasSubstr;

class OneCodecTest : public ::testing::Test {
 protected:
  OneCodecTest() { register_builtin_actors(registry_); }

  const graph::ItemCodec& codec(const std::string& name) const {
    const graph::ItemCodec* found = registry_.find_codec(name);
    ARNO_CHECK(found, Errc::invalid_argument, "there is no codec of {}", name);
    return *found;
  }
  /// What is wrong with an item that was sent; "no error" when nothing is.
  template <class T>
  std::string refused(const std::string& type, T item) const {
    const auto parts = codec(type).encode(graph::Payload::of(std::move(item), 1));
    return testing::problem_of(Errc::data_corrupt, [&] { codec(type).decode(parts, 1); });
  }
  template <class T>
  static T sample(const std::string& type) {
    return codec_samples().at(type).get<T>();
  }

  graph::Registry registry_;
};

/// All codecs, one after the other, with each of their samples.
class CodecTest : public OneCodecTest, public ::testing::WithParamInterface<std::string> {
 protected:
  std::vector<SharedBytes> encode(const graph::Payload& item) const { return codec_.encode(item); }
  std::vector<SharedBytes> encoded() const { return encode(sample_); }
  graph::Payload decode(const std::vector<SharedBytes>& parts) const {
    return codec_.decode(parts, 77);
  }
  /// "no error" when the parts are an item.
  std::string problem(const std::vector<SharedBytes>& parts) const {
    return testing::problem_of(Errc::data_corrupt, [&] { decode(parts); });
  }
  std::vector<std::string> texts(const std::vector<SharedBytes>& parts) const {
    return without_ages(codec_.name, parts);
  }

  const graph::Payload sample_ = codec_samples().at(GetParam());
  const graph::ItemCodec& codec_ = *registry_.find_codec(sample_.type());
};

TEST(CodecRegistryTest, EveryPortHasACodecOfItsName) {
  graph::Registry registry;
  register_builtin_actors(registry);
  for (const std::string& name : registry.names()) {
    const graph::ActorKind& kind = *registry.find(name);
    std::vector<graph::Port> ports = kind.inputs;
    ports.insert(ports.end(), kind.outputs.begin(), kind.outputs.end());
    for (const graph::Port& port : ports) {
      if (port.type == typeid(GroupMember)) continue;  // stays in its process
      const graph::ItemCodec* codec = registry.find_codec(port.type);
      ASSERT_NE(codec, nullptr) << name << "." << port.name << " carries " << port.type_name;
      EXPECT_EQ(codec->name, port.type_name);
      EXPECT_EQ(registry.find_codec(port.type_name), codec);
      EXPECT_TRUE(codec_samples().contains(codec->name)) << codec->name << " has no sample here";
    }
  }
}

TEST(CodecRegistryTest, RefusesASecondCodecOfAType) {
  graph::Registry registry;
  register_builtin_actors(registry);
  EXPECT_THAT(testing::problem_of(Errc::invalid_argument, [&] { add_sample_codecs(registry); }),
              HasSubstr("codec of \"RawItem\" is added twice"));
}

TEST_P(CodecTest, ComesBackTheSame) {
  const auto parts = encoded();
  const graph::Payload back = decode(parts);
  EXPECT_EQ(back.type(), sample_.type());
  EXPECT_EQ(back.size_bytes(), 77u);
  EXPECT_EQ(back.tag().slot, sample_.tag().slot);
  EXPECT_EQ(back.tag().step, sample_.tag().step);
  EXPECT_EQ(texts(encode(back)), texts(parts));
}

TEST_P(CodecTest, BlocksAreNotCopied) {
  const auto parts = encoded();
  const auto again = encoded();
  ASSERT_EQ(parts.size(), again.size());
  for (size_t i = 1; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].span().data(), again[i].span().data()) << "part " << i;
  }
}

TEST_P(CodecTest, TruncatedAnywhereIsAnError) {
  const auto parts = encoded();
  for (size_t i = 0; i < parts.size(); ++i) {
    // A raw image is foreign bytes of any length: cut short it is still a raw item.
    if (GetParam() == "RawItem" && i == 1) continue;
    for (size_t size = 0; size < parts[i].size(); ++size) {
      auto cut = parts;
      cut[i] = SharedBytes(parts[i].owner(), parts[i].span().first(size));
      ASSERT_NE(problem(cut), "no error") << "part " << i << " of " << size << " bytes";
    }
  }
}

TEST_P(CodecTest, MissingAndSpareAreErrors) {
  const auto parts = encoded();
  for (size_t i = 0; i < parts.size(); ++i) {
    auto fewer = parts;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_NE(problem(fewer), "no error") << "without part " << i;
  }
  auto more = parts;
  more.push_back(parts.front());
  EXPECT_THAT(problem(more), HasSubstr("parts"));
  auto longer = parts;
  std::vector<std::byte> fields(parts[0].span().begin(), parts[0].span().end());
  fields.push_back({});
  longer[0] = SharedBytes::of(fields);
  EXPECT_NE(problem(longer), "no error");
}

TEST_P(CodecTest, DamageNeverCrashes) {
  const auto parts = encoded();
  Random random{RandomKey(11)};
  for (int round = 0; round < 3000; ++round) {
    auto damaged = parts;
    const size_t part = random.below(parts.size());
    if (parts[part].size() == 0) continue;
    std::vector<std::byte> bytes(parts[part].span().begin(), parts[part].span().end());
    for (int n = 0; n < 2; ++n) {
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.next());
    }
    damaged[part] = SharedBytes::of(std::move(bytes));
    try {
      decode(damaged);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), Errc::data_corrupt) << error.what();
    }
  }
}

TEST_P(CodecTest, ElementsThatAreNotAlignedAreCopied) {
  auto parts = encoded();
  const auto expected = texts(parts);
  for (size_t i = 1; i < parts.size(); ++i) {
    std::vector<std::byte> shifted(parts[i].size() + 1);
    std::memcpy(shifted.data() + 1, parts[i].span().data(), parts[i].size());
    const SharedBytes held = SharedBytes::of(std::move(shifted));
    parts[i] = SharedBytes(held.owner(), held.span().subspan(1));
  }
  EXPECT_EQ(texts(encode(decode(parts))), expected);
}

INSTANTIATE_TEST_SUITE_P(Items, CodecTest, ::testing::ValuesIn(names_of_codec_samples()),
                         [](const auto& instance) { return instance.param; });

TEST_F(OneCodecTest, TimesTravelAsAges) {
  const auto now = std::chrono::steady_clock::now();
  RejectedItem sent;
  sent.id.read_at = now - std::chrono::seconds(5);
  const auto& rejected = codec("RejectedItem");
  const auto back = rejected.decode(rejected.encode(graph::Payload::of(sent, 1)), 1);
  const auto age = std::chrono::steady_clock::now() - back.get<RejectedItem>().id.read_at;
  EXPECT_GE(age, std::chrono::seconds(5));
  EXPECT_LE(age, std::chrono::seconds(5) + (std::chrono::steady_clock::now() - now));
}

TEST_F(OneCodecTest, ReceivedTensorsShareTheirPart) {
  const auto parts = codec("AugmentedItem").encode(codec_samples().at("AugmentedItem"));
  const auto back = codec("AugmentedItem").decode(parts, 1);
  EXPECT_EQ(back.get<AugmentedItem>().image.raw(), parts[1].span().data());
}

TEST_F(OneCodecTest, SamplesThatContradictThemselvesAreNamed) {
  auto raw = sample<RawItem>("RawItem");
  raw.texts.clear();
  EXPECT_THAT(refused("RawItem", raw), HasSubstr("[RawItem] a sample without texts"));
  auto augmented = sample<AugmentedItem>("AugmentedItem");
  augmented.image = ops::Tensor::zeros({2, 3, 3}, ops::DType::f32);
  EXPECT_THAT(refused("AugmentedItem", augmented), HasSubstr("f32[2, 3, 3], expected a square"));
  augmented.image = ops::Tensor::zeros({2, 2, 3}, ops::DType::bf16);
  EXPECT_THAT(refused("AugmentedItem", augmented), HasSubstr("image is bf16, expected f32"));
  auto decoded = sample<DecodedItem>("DecodedItem");
  decoded.crop.width = std::nan("");
  EXPECT_THAT(refused("DecodedItem", decoded), HasSubstr("a crop with the edge nan"));
  decoded = sample<DecodedItem>("DecodedItem");
  decoded.image.height = 70000;
  EXPECT_THAT(refused("DecodedItem", decoded), HasSubstr("x 70000 pixels"));
  auto tokenized = sample<TokenizedItem>("TokenizedItem");
  tokenized.tokens = {1, -1};
  EXPECT_THAT(refused("TokenizedItem", tokenized), HasSubstr("negative"));
}

TEST_F(OneCodecTest, BatchesThatContradictThemselvesAreNamed) {
  const auto good = sample<florence::TrainingBatch>("TrainingBatch");
  auto batch = good;
  batch.text_rows = ops::Tensor::from<int32_t>({2}, std::vector<int32_t>{0, 9});
  EXPECT_THAT(refused("TrainingBatch", batch), HasSubstr("a text that is not among the 2"));
  batch = good;
  batch.texts.offsets = ops::Tensor::from<int32_t>({3}, std::vector<int32_t>{0, 9, 5});
  EXPECT_THAT(refused("TrainingBatch", batch), HasSubstr("not packed"));
  batch = good;
  batch.read_at.pop_back();
  EXPECT_THAT(refused("TrainingBatch", batch), HasSubstr("1 times of 2 samples"));
  auto loss = sample<LossItem>("LossItem");
  loss.result.grad_text = ops::Tensor::zeros({3, 3}, ops::DType::f32);
  EXPECT_THAT(refused("LossItem", loss), HasSubstr("text has the shape [3, 3], expected [2, 3]"));
}

}  // namespace
}  // namespace arno::actors
