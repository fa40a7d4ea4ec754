// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "common/error.h"
#include "florence/model/florence_model.h"

// The large presets are counted, not built: the count is checked against towers that are built.
namespace arno::florence {
namespace {

/// Parameters of an image tower, layer by layer.
int64_t count_image_tower(const CoSwinConfig& config, int64_t resolution) {
  int64_t total = 2 * 8 * config.channels;  // the last norm
  int64_t side = (resolution + 2 * 2 - 7) / 4 + 1;
  for (int s = 0; s < 4; ++s) {
    const int64_t c = config.channels << s;
    const int64_t inputs = s == 0 ? 3 : c / 2;
    const int64_t kernel = s == 0 ? 7 : 3;
    if (s > 0) side = (side + 2 * 1 - 3) / 2 + 1;
    const int64_t span = 2 * std::min(config.window, side) - 1;
    const int64_t embedding = c * inputs * kernel * kernel + c + 2 * c;
    const int64_t attention = span * span * (c / config.head_dim) + 3 * c * c + 3 * c + c * c + c;
    const int64_t mlp = 4 * c * c + 4 * c + 4 * c * c + c;
    total += embedding + config.depths[s] * (2 * c + attention + 2 * c + mlp);
  }
  return total;
}

int64_t count_text_tower(const TextTowerConfig& config) {
  const int64_t c = config.width;
  const int64_t attention = 3 * c * c + 3 * c + c * c + c;
  const int64_t mlp = 4 * c * c + 4 * c + 4 * c * c + c;
  return (config.vocab_size + config.context_length) * c +
         config.layers * (2 * c + attention + 2 * c + mlp) + 2 * c;
}

TEST(ModelSizeTest, BuiltModelsHaveTheParametersThatAreCounted) {
  const FlorenceConfig config{.text_width = 24,
                              .text_heads = 3,
                              .text_layers = 5,
                              .context_length = 11,
                              .vocab_size = 70,
                              .projection_dim = 20};
  const CoSwinConfig odd{.channels = 6, .depths = {1, 2, 3, 2}, .head_dim = 3, .window = 5};
  for (const CoSwinConfig& tower : {config.image_tower(), odd}) {
    for (const int64_t resolution : {32, 100, 224}) {
      const FlorenceModel model(config, tower, resolution, RandomKey(1));
      const int64_t image = count_image_tower(tower, resolution);
      const int64_t text = count_text_tower(config.text_tower());
      EXPECT_EQ(model.parameters().count("image_encoder."), image) << resolution;
      EXPECT_EQ(model.parameters().count("text_encoder."), text);
      EXPECT_EQ(model.parameters().count(), image + text + (8 * tower.channels + 24) * 20 + 1);
    }
  }
}

TEST(ModelSizeTest, PresetsHaveThePublishedSizes) {
  const std::vector<std::pair<std::string, double>> millions{
      {"T", 29.5}, {"S", 50.8}, {"B", 90.2}, {"L", 202.8}, {"H", 637.5}};
  for (const auto& [preset, wanted] : millions) {
    const int64_t count = count_image_tower(coswin_preset(preset), 224);
    EXPECT_NEAR(static_cast<double>(count) / 1e6, wanted, 0.1) << preset;
  }
  EXPECT_NEAR(static_cast<double>(count_text_tower({})) / 1e6, 63.2, 0.1);
}

TEST(ModelSizeTest, UnknownPresetIsRefusedWithTheNamesThatExist) {
  try {
    coswin_preset("XXL");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::invalid_argument);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("\"XXL\", expected one of nano, T, S, B, L, H"));
  }
  for (const std::string& name : coswin_preset_names()) EXPECT_NO_THROW(coswin_preset(name));
}

}  // namespace
}  // namespace arno::florence
