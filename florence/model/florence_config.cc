// SPDX-License-Identifier: Apache-2.0
#include "florence/model/florence_config.h"

#include <fmt/format.h>

namespace arno::florence {

void FlorenceConfig::fields(ConfigFields& f) {
  f.text("preset", preset, {.doc = "image tower", .one_of = coswin_preset_names()});
  f.number("drop_path", drop_path,
           {.doc = "rate of the last block; -1: that of the preset", .min = -1, .max = 0.95});
  f.integer("text_width", text_width, {.doc = "channels of the text tower", .min = 8});
  f.integer("text_heads", text_heads, {.doc = "attention heads of the text tower", .min = 1});
  f.integer("text_layers", text_layers, {.doc = "blocks of the text tower", .min = 1});
  f.integer("context_length", context_length,
            {.doc = "most tokens of a text, both specials included", .min = 3, .max = 4096});
  f.integer("vocab_size", vocab_size, {.doc = "rows of the token embedding", .min = 3});
  f.boolean("causal", causal, {.doc = "a token attends to those before it only"});
  f.integer("projection_dim", projection_dim, {.doc = "length of an embedding", .min = 1});
  f.number("init_temperature", init_temperature,
           {.doc = "start of the learnable multiplier of the cosine", .min = 1, .max = 1000});
  f.number("max_temperature", max_temperature,
           {.doc = "the multiplier is clamped to this after each step", .min = 1, .max = 1000});
  f.text("compute", compute,
         {.doc = "dtype of activations; weights are f32", .one_of = {"f32", "bf16"}});
  f.boolean("checkpoint_activations", checkpoint_activations,
            {.doc = "keep each block's input only and compute the rest again in backward"});
  f.require(text_heads < 1 || text_width % text_heads == 0, "text_heads",
            fmt::format("found {}, expected a divisor of text_width {}", text_heads, text_width));
  f.require(init_temperature <= max_temperature, "init_temperature",
            fmt::format("found {}, expected at most max_temperature {}", init_temperature,
                        max_temperature));
}

CoSwinConfig FlorenceConfig::image_tower() const {
  CoSwinConfig tower = coswin_preset(preset);
  if (drop_path >= 0) tower.drop_path = drop_path;
  return tower;
}

TextTowerConfig FlorenceConfig::text_tower() const {
  return {.width = text_width,
          .heads = text_heads,
          .layers = text_layers,
          .context_length = context_length,
          .vocab_size = vocab_size,
          .causal = causal};
}

int64_t FlorenceConfig::blocks(Tower tower) const {
  return tower == Tower::image ? image_tower().blocks() : text_layers;
}

ops::DType FlorenceConfig::compute_dtype() const {
  return compute == "bf16" ? ops::DType::bf16 : ops::DType::f32;
}

}  // namespace arno::florence
