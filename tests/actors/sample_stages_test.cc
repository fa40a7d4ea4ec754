// SPDX-License-Identifier: Apache-2.0
#include "actors/augmenter/augmenter.h"
#include "actors/decoder/decoder.h"
#include "actors/prompt_sampler/prompt_sampler.h"
#include "actors/tokenizer/tokenizer.h"
#include "common/error.h"
#include "io/bpe_train.h"
#include "tests/actors/stage_fixture.h"

// The stages between the reader and the batcher: each turns one item into one.
namespace arno::actors {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

RawItem raw(const std::string& image, uint64_t key = 1) {
  return {.id = {.slot = 2, .key = RandomKey(key)},
          .name = "a.tar:512",
          .image = bytes_of(image),
          .texts = {"word"}};
}

class SampleStagesTest : public StageTest {
 protected:
  std::shared_ptr<const DecodedItem> decode(graph::Stage& decoder, const RawItem& item) {
    out_.clear();
    give(decoder, item);
    return out_.of<DecodedItem>(Decoder::kImages).at(0);
  }
  RejectedItem rejected(const std::string& image, const std::string& options = "{}") {
    out_.clear();
    give(*make("decoder", options), raw(image));
    EXPECT_EQ(out_.size(), 1u);
    return *out_.of<RejectedItem>(Decoder::kRejects).at(0);
  }
  /// Images that the augmenter makes of one decoded picture under many keys.
  std::vector<std::vector<float>> augment(const std::string& options, int count) {
    const auto decoder = make("decoder", "crop_scale_min: 1");
    const auto augmenter = make("augmenter", options);
    std::vector<std::vector<float>> out;
    DecodedItem decoded = *decode(*decoder, raw(testing::tiny_png(3)));
    for (int key = 0; key < count; ++key) {
      out_.clear();
      decoded.id.key = RandomKey(static_cast<uint64_t>(key));
      give(*augmenter, decoded);
      const auto pixels = out_.of<AugmentedItem>(Augmenter::kAugmented).at(0)->image.data<float>();
      out.emplace_back(pixels.begin(), pixels.end());
    }
    return out;
  }
};

TEST_F(SampleStagesTest, DecoderRejectsWithACause) {
  const std::string png = testing::tiny_png(1);
  const std::string jpeg = testing::tiny_jpeg(1);
  EXPECT_EQ(rejected("no image at all").cause, "unknown_format");
  EXPECT_EQ(rejected(jpeg.substr(0, jpeg.size() / 2)).cause, "truncated");
  EXPECT_EQ(rejected(testing::png_header(30000, 30000)).cause, "too_large");
  EXPECT_EQ(rejected(png, "max_side: 39").cause, "too_large");
  std::string damaged = png;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  const RejectedItem corrupt = rejected(damaged);
  EXPECT_EQ(corrupt.cause, "corrupt");
  EXPECT_EQ(corrupt.id.slot, 2u);
  EXPECT_THAT(corrupt.detail, HasSubstr("a.tar:512"));
}

TEST_F(SampleStagesTest, DecoderFillsTruncatedImagesWhenAsked) {
  const std::string jpeg = testing::tiny_jpeg(1);
  const auto decoder = make("decoder", "truncated: fill");
  EXPECT_EQ(decode(*decoder, raw(jpeg.substr(0, jpeg.size() - 40)))->texts.front(), "word");
}

TEST_F(SampleStagesTest, DecoderAccountsForASkippedItem) {
  const auto decoder = make("decoder", "{}");
  const graph::Payload item = graph::Payload::of(raw("x"), 1);
  EXPECT_TRUE(decoder->on_skip(item, "why", out_));
  EXPECT_EQ(out_.of<RejectedItem>(Decoder::kRejects).at(0)->cause, "decoder_failed");
}

TEST_F(SampleStagesTest, CropDependsOnTheKeyOnly) {
  const std::string png = testing::tiny_png(1);
  const auto one = make("decoder", "crop_scale_min: 0.2");
  const auto other = make("decoder", "crop_scale_min: 0.2");
  decode(*other, raw(png, 99));  // a history of its own
  int different = 0;
  double last = -1;
  for (uint64_t key = 0; key < 8; ++key) {
    const auto a = decode(*one, raw(png, key));
    const auto b = decode(*other, raw(png, key));
    EXPECT_EQ(a->crop.x, b->crop.x);
    EXPECT_EQ(a->crop.width, b->crop.width);
    EXPECT_EQ(a->image.pixels, b->image.pixels);
    different += a->crop.width != last;
    last = a->crop.width;
  }
  EXPECT_GT(different, 4);
}

TEST_F(SampleStagesTest, AugmenterGivesTheStagesResolution) {
  context_.training.stages = {{.name = "a", .steps = 1, .resolution = 48},
                              {.name = "b", .steps = 1, .resolution = 32}};
  const auto augmenter = make("augmenter", "{}");
  const auto decoder = make("decoder", "{}");
  DecodedItem decoded = *decode(*decoder, raw(testing::tiny_png(1)));
  for (const auto& [slot, side] : {std::pair{3, 48}, {4, 32}, {7, 32}}) {
    out_.clear();
    decoded.id.slot = static_cast<uint64_t>(slot);
    give(*augmenter, decoded);
    const auto augmented = out_.of<AugmentedItem>(Augmenter::kAugmented).at(0);
    EXPECT_EQ(augmented->image.shape().to_string(), ops::Shape({side, side, 3}).to_string());
    EXPECT_EQ(augmented->id.slot, decoded.id.slot);
  }
}

TEST_F(SampleStagesTest, AugmenterFlipsAtItsProbability) {
  const auto never = augment("flip: 0", 40);
  const auto always = augment("flip: 1", 40);
  const auto half = augment("flip: 0.5", 40);
  EXPECT_NE(never[0], always[0]);
  int flipped = 0;
  for (size_t i = 0; i < half.size(); ++i) {
    EXPECT_EQ(never[i], never[0]);
    EXPECT_EQ(always[i], always[0]);
    flipped += half[i] == always[0];
    EXPECT_TRUE(half[i] == always[0] || half[i] == never[0]);
  }
  EXPECT_GT(flipped, 8);
  EXPECT_LT(flipped, 32);
}

TEST_F(SampleStagesTest, AugmenterJittersByTheKey) {
  const auto one = augment("brightness: 0.4", 3);
  EXPECT_EQ(one, augment("brightness: 0.4", 3));
  EXPECT_NE(one[0], one[1]);
  EXPECT_NE(one[1], one[2]);
}

TEST_F(SampleStagesTest, PromptSamplerTemplatesShortTexts) {
  io::write_text(folder_ / "templates.txt", "a photo of {}.\n");
  const auto prompts =
      make("prompt_sampler", fmt::format("templates: '{}'", (folder_ / "templates.txt").string()));
  give(*prompts, AugmentedItem{.id = {.key = RandomKey(1)}, .texts = {"red fox"}});
  give(*prompts, AugmentedItem{.id = {.key = RandomKey(1)}, .texts = {"A  Red fox"}});
  give(*prompts, AugmentedItem{.id = {.key = RandomKey(1)}, .texts = {"Red  Fox"}});
  const auto sent = out_.of<PromptedItem>(0);
  EXPECT_EQ(sent.at(0)->text, "a photo of red fox.");
  EXPECT_EQ(sent.at(1)->text, "A  Red fox") << "three words are no short text";
  EXPECT_EQ(sent.at(0)->label, sent.at(2)->label) << "of the normalised text";
  EXPECT_NE(sent.at(0)->label, sent.at(1)->label);
}

TEST_F(SampleStagesTest, PromptSamplerTakesLongTextsInTheirStage) {
  context_.training.stages[0].texts = "long";
  const auto prompts = make("prompt_sampler", "{}");
  for (uint64_t key = 0; key < 10; ++key) {
    give(*prompts, AugmentedItem{.id = {.key = RandomKey(key)},
                                 .texts = {"fox", "a red fox in the snow", "red fox"}});
  }
  for (const auto& sent : out_.of<PromptedItem>(0)) EXPECT_EQ(sent->text, "a red fox in the snow");
}

TEST_F(SampleStagesTest, TokenizerCutsToTheContextLength) {
  const std::vector<io::CountedText> texts{{"red fox in the snow", 5}};
  io::write_bpe((folder_ / "bpe").string(), io::train_bpe(texts, {.vocab_size = 520}));
  const std::string vocabulary = fmt::format("vocabulary: '{}'", (folder_ / "bpe").string());
  const auto tokenizer = make("tokenizer", vocabulary + "\ncontext_length: 5");
  const auto bpe = io::BpeTokenizer::open(folder_ / "bpe");
  give(*tokenizer, PromptedItem{.id = {.key = RandomKey(1)},
                                .text = "red fox in the snow",
                                .label = {.high = 1, .low = 2}});
  const auto sent = out_.of<TokenizedItem>(Tokenizer::kTokenized).at(0);
  EXPECT_EQ(sent->tokens, bpe.encode("red fox in the snow", 5));
  EXPECT_EQ(sent->tokens.size(), 5u);
  EXPECT_EQ(sent->label, (Hash128{1, 2}));
}

}  // namespace
}  // namespace arno::actors
