// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/picture_font.h"

#include <hb-ot.h>
#include <hb.h>

#include <system_error>

#include "common/error.h"

namespace arno::io::detail {
namespace {

struct Destroy {
  void operator()(hb_blob_t* blob) const { hb_blob_destroy(blob); }
  void operator()(hb_face_t* face) const { hb_face_destroy(face); }
  void operator()(hb_font_t* font) const { hb_font_destroy(font); }
  void operator()(hb_buffer_t* buffer) const { hb_buffer_destroy(buffer); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

}  // namespace

struct PictureFont::Handles {
  Owned<hb_face_t> face;
  Owned<hb_font_t> font;
};

PictureFont::PictureFont(const std::filesystem::path& path) : handles_(new Handles) {
  const Owned<hb_blob_t> blob(hb_blob_create_from_file_or_fail(path.c_str()));
  ARNO_CHECK(blob != nullptr, Errc::io_failed, "[import] {} could not be read", path.string());
  handles_->face.reset(hb_face_create(blob.get(), 0));
  ARNO_CHECK(hb_ot_color_has_png(handles_->face.get()) != 0, Errc::data_corrupt,
             "[import] {} is not a font with PNG pictures", path.string());
  handles_->font.reset(hb_font_create(handles_->face.get()));
}

PictureFont::~PictureFont() = default;

std::string PictureFont::picture(std::u32string_view code_points) const {
  const Owned<hb_buffer_t> buffer(hb_buffer_create());
  static_assert(sizeof(char32_t) == sizeof(uint32_t));
  const auto length = static_cast<int>(code_points.size());
  hb_buffer_add_utf32(buffer.get(), reinterpret_cast<const uint32_t*>(code_points.data()), length,
                      0, length);
  hb_buffer_set_flags(buffer.get(), HB_BUFFER_FLAG_REMOVE_DEFAULT_IGNORABLES);
  hb_buffer_guess_segment_properties(buffer.get());
  hb_shape(handles_->font.get(), buffer.get(), nullptr, 0);

  unsigned int count = 0;
  const hb_glyph_info_t* glyphs = hb_buffer_get_glyph_infos(buffer.get(), &count);
  if (count != 1 || glyphs[0].codepoint == 0) return {};
  const Owned<hb_blob_t> png(
      hb_ot_color_glyph_reference_png(handles_->font.get(), glyphs[0].codepoint));
  unsigned int size = 0;
  const char* data = hb_blob_get_data(png.get(), &size);
  return size == 0 ? std::string() : std::string(data, size);
}

}  // namespace arno::io::detail
