// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/model/florence_config.h"

namespace arno::bench {

/// Operations of the matrix products of one image and its text: two for each multiplication and
/// addition of linear layers, convolutions and attention's two products. Norms, activations,
/// softmax, the loss and the optimiser count nothing.
struct StepFlops {
  double forward = 0;
  /// Forward and backward: a product has two gradients, the stem's convolution one, because images
  /// have none. What backward computes a second time is not counted again.
  double step = 0;
};

/// For square images of `resolution` pixels and texts of `tokens` tokens, `texts_per_image` of them
/// for each image.
inline StepFlops step_flops(const florence::FlorenceConfig& model, int64_t resolution,
                            int64_t tokens, double texts_per_image) {
  const florence::CoSwinConfig tower = model.image_tower();
  const auto conv = [](double positions, double in, double out, double kernel) {
    return 2 * positions * in * out * kernel * kernel;
  };
  // qkv, projection and an MLP of four times the width have 12 C^2 weights; a token meets `seen`
  // others in two products of C terms.
  const auto block = [](double positions, double channels, double seen) {
    return 2 * positions * (12 * channels * channels + 2 * channels * seen);
  };
  int64_t side = (resolution + 4 - 7) / 4 + 1;
  double channels = static_cast<double>(tower.channels);
  const double stem = conv(static_cast<double>(side * side), 3, channels, 7);
  double rest = 0;
  for (int stage = 0; stage < 4; ++stage) {
    if (stage > 0) {
      side = (side + 2 - 3) / 2 + 1;
      rest += conv(static_cast<double>(side * side), channels, 2 * channels, 3);
      channels *= 2;
    }
    const auto window = static_cast<double>(std::min(tower.window, side));
    rest += static_cast<double>(tower.depths[stage]) *
            block(static_cast<double>(side * side), channels, window * window);
  }
  rest += 2 * channels * static_cast<double>(model.projection_dim);
  const auto width = static_cast<double>(model.text_width);
  const auto length = static_cast<double>(tokens);
  rest += texts_per_image * (static_cast<double>(model.text_layers) * block(length, width, length) +
                             2 * width * static_cast<double>(model.projection_dim));
  return {.forward = stem + rest, .step = 2 * stem + 3 * rest};
}

}  // namespace arno::bench
