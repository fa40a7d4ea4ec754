// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <utility>

#include "io/image/detail/codecs.h"
#include "io/image/detail/pixels.h"

namespace arno::io::detail {
namespace {

// Deflate cannot expand more than this (RFC 1951: 258 bytes for two bits), rounded up.
constexpr uint64_t kMaxExpansion = 1040;

constexpr uint8_t kFillGray = 128;

// Owns a libpng reader. Each step returns false when the library gave up; fault() then says why.
class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool read_header(const DecodeOptions& options) {
    const auto side = static_cast<png_uint_32>(options.max_side);
    return attempt([this, side] {
      png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
      if (png_ != nullptr) info_ = png_create_info_struct(png_);
      if (info_ == nullptr) give_up("out of memory");
      png_set_user_limits(png_, side, side);
      png_set_read_fn(png_, this, on_read);
      png_read_info(png_, info_);
    });
  }

  // Bytes of the filtered rows that the compressed data must give.
  uint64_t raw_size() const {
    return uint64_t{png_get_rowbytes(png_, info_)} * png_get_image_height(png_, info_);
  }

  // From here on a row is RGB or RGBA with 8 bits.
  bool set_output() {
    return attempt([this] {
      png_set_expand(png_);
      png_set_scale_16(png_);
      png_set_gray_to_rgb(png_);
      passes_ = png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
  }

  bool read_rows(Image& image) {
    Image* target = &image;
    return attempt([this, target] {
      for (int pass = 0; pass < passes_; ++pass) {
        for (int y = 0; y < target->height; ++y) png_read_row(png_, target->row(y), nullptr);
      }
    });
  }

  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  int channels() const { return png_get_channels(png_, info_); }
  bool truncated() const { return truncated_; }

  DecodeResult fault() const {
    return decode_fault(truncated_ ? FaultCause::kTruncated : FaultCause::kCorrupt,
                        fmt::format("PNG of {} bytes: {}", bytes_.size(), text_));
  }

 private:
  // The library leaves by longjmp: `step` must own nothing that needs a destructor.
  template <class Step>
  bool attempt(const Step& step) {
    if (setjmp(jump_) != 0) return false;
    step();
    return true;
  }

  [[noreturn]] void give_up(const char* text) {
    std::snprintf(text_, sizeof(text_), "%s", text);
    std::longjmp(jump_, 1);
  }

  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    static_cast<PngReader*>(png_get_error_ptr(png))->give_up(text);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static void on_read(png_structp png, png_bytep target, size_t count) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > reader->bytes_.size() - reader->at_) {
      reader->truncated_ = true;
      png_error(png, "premature end");
    }
    std::memcpy(target, reader->bytes_.data() + reader->at_, count);
    reader->at_ += count;
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
  bool truncated_ = false;
  char text_[128] = {};
  std::jmp_buf jump_;
};

}  // namespace

DecodeResult decode_png(std::span<const std::byte> bytes, const ImageInfo& info,
                        const DecodeOptions& options) {
  PngReader reader(bytes);
  if (!reader.read_header(options)) return reader.fault();
  if (reader.width() != info.width || reader.height() != info.height) {
    return decode_fault(FaultCause::kCorrupt, "PNG with two headers of different size");
  }
  if (reader.raw_size() > kMaxExpansion * bytes.size()) {
    return decode_fault(FaultCause::kTruncated,
                        fmt::format("PNG of {} bytes cannot hold {} x {} pixels", bytes.size(),
                                    info.width, info.height));
  }
  if (!reader.set_output()) return reader.fault();

  Image image = Image::zeros(info.height, info.width, reader.channels());
  const bool can_fill = options.truncated == TruncatedPolicy::kFill;
  if (can_fill) std::fill(image.pixels.begin(), image.pixels.end(), kFillGray);
  const bool complete = reader.read_rows(image);
  if (!complete && !can_fill) return reader.fault();
  if (image.channels == 4) composite_over_white(image);
  return decoded(std::move(image), !complete);
}

}  // namespace arno::io::detail
