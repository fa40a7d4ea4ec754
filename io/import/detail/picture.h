// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace arno::io::detail {

/// Longest side of an imported picture, in pixels.
inline constexpr int kMaxPictureSide = 256;

/// A picture as it goes into a shard, or why it does not.
struct Picture {
  std::string png;    ///< empty when the picture is not usable
  std::string cause;  ///< then: "picture is blank"; for counting
};

/// What happens to white around the drawing.
enum class Margins {
  kKeep,  ///< it stays
  kTrim,  ///< it is cut down to a small rest where it is wide: drawings on a page
};

/// Checks a JPEG, PNG or WebP file: it must decode, be at least 12 pixels high and wide, after
/// scaling too, and not be of one colour. A PNG that fits keeps its bytes; everything else is
/// flattened over white, scaled down to kMaxPictureSide and written as PNG.
Picture fit_picture(std::string bytes, Margins margins = Margins::kKeep);

/// Draws an SVG file over white, its longer side kMaxPictureSide pixels; checked as above.
Picture draw_svg(std::string_view svg);

}  // namespace arno::io::detail
