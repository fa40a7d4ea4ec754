// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <utility>

// jpeglib.h needs FILE before it and defines what jerror.h depends on.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "io/image/detail/codecs.h"
#include "io/image/detail/pixels.h"

namespace arno::io::detail {
namespace {

// A hostile progressive file repeats cheap scans over a large image.
constexpr int kMaxScans = 200;

// Asked for in one call: the library makes several at a time.
constexpr int kRowsAtOnce = 16;

// Chroma upsampling looks at neighbours: with them decoded, a region equals the full decode.
constexpr int kMargin = 2;

// The error manager of one reader; `base` comes first so that the library's pointer is ours.
struct ErrorState {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char text[JMSG_LENGTH_MAX];
  bool truncated;
  bool damaged;
};

ErrorState& state_of(j_common_ptr info) { return *reinterpret_cast<ErrorState*>(info->err); }

[[noreturn]] void on_error(j_common_ptr info) {
  ErrorState& state = state_of(info);
  (*state.base.format_message)(info, state.text);
  std::longjmp(state.jump, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  ErrorState& state = state_of(info);
  const int code = state.base.msg_code;
  const bool truncated = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER;
  const bool damaged = code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC ||
                       code == JWRN_ARITH_BAD_CODE || code == JWRN_NOT_SEQUENTIAL;
  if ((truncated || damaged) && !state.truncated && !state.damaged) {
    (*state.base.format_message)(info, state.text);
  }
  state.truncated |= truncated;
  state.damaged |= damaged;
}

void on_progress(j_common_ptr info) {
  const auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number <= kMaxScans) return;
  ErrorState& state = state_of(info);
  std::snprintf(state.text, sizeof(state.text), "more than %d scans", kMaxScans);
  std::longjmp(state.jump, 1);
}

// Owns a decompressor. Each step returns false when the library gave up; text() then says why.
class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  bool read_header() {
    return attempt([this] {
      jpeg_create_decompress(&info_);
      info_.progress = &progress_;
      jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
      jpeg_read_header(&info_, TRUE);
      const bool inks = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
      info_.out_color_space = inks ? JCS_CMYK : JCS_RGB;
    });
  }

  bool start(int denominator) {
    return attempt([this, denominator] {
      info_.scale_num = 1;
      info_.scale_denom = static_cast<unsigned>(denominator);
      jpeg_start_decompress(&info_);
    });
  }

  // Cuts the columns [*x, *x + *width) out, widened to whole blocks, and skips `y` rows.
  bool crop(JDIMENSION* x, JDIMENSION* width, JDIMENSION y) {
    return attempt([this, x, width, y] {
      if (*x > 0 || *width < info_.output_width) jpeg_crop_scanline(&info_, x, width);
      if (y > 0) jpeg_skip_scanlines(&info_, y);
    });
  }

  bool read_rows(Image& image) {
    Image* target = &image;
    return attempt([this, target] {
      JSAMPROW rows[kRowsAtOnce];
      for (int y = 0; y < target->height;) {
        const int count = std::min(kRowsAtOnce, target->height - y);
        for (int i = 0; i < count; ++i) rows[i] = target->row(y + i);
        y += static_cast<int>(jpeg_read_scanlines(&info_, rows, static_cast<JDIMENSION>(count)));
      }
    });
  }

  const jpeg_decompress_struct& info() const { return info_; }
  bool truncated() const { return errors_.truncated; }
  bool damaged() const { return errors_.truncated || errors_.damaged; }

  DecodeResult fault() const {
    return decode_fault(errors_.truncated ? FaultCause::kTruncated : FaultCause::kCorrupt,
                        fmt::format("JPEG of {} bytes: {}", bytes_.size(), errors_.text));
  }

 private:
  // The library leaves by longjmp: `step` must own nothing that needs a destructor.
  template <class Step>
  bool attempt(const Step& step) {
    if (setjmp(errors_.jump) != 0) return false;
    step();
    return true;
  }

  std::span<const std::byte> bytes_;
  jpeg_decompress_struct info_{};
  ErrorState errors_{};
  jpeg_progress_mgr progress_{};
};

struct Interval {
  int begin = 0;
  int end = 0;
};

// The scaled pixels that [begin, begin + count) covers, with a margin.
Interval scaled(int begin, int count, int denominator, int limit) {
  const int first = begin / denominator - kMargin;
  const int last = (begin + count + denominator - 1) / denominator + kMargin;
  return {std::max(first, 0), std::min(last, limit)};
}

DecodeResult finish(Image image, const Window& window, const JpegReader& reader) {
  if (image.channels == 4) {
    const bool adobe = reader.info().saw_Adobe_marker != 0;
    cmyk_to_rgb(image, adobe ? InkSense::kFullIs0 : InkSense::kFullIs255);
  }
  DecodeResult result = decoded(std::move(image), reader.damaged());
  result.window = window;
  return result;
}

}  // namespace

DecodeResult decode_jpeg(std::span<const std::byte> bytes, const ImageInfo& info,
                         const JpegRegion& region, const DecodeOptions& options) {
  JpegReader reader(bytes);
  if (!reader.read_header()) return reader.fault();
  if (static_cast<int>(reader.info().image_width) != info.width ||
      static_cast<int>(reader.info().image_height) != info.height) {
    return decode_fault(FaultCause::kCorrupt, "JPEG with two frame headers of different size");
  }
  const int denominator = region.denominator;
  if (!reader.start(denominator)) return reader.fault();

  const Box& box = region.box;
  const Interval columns =
      scaled(box.x, box.width, denominator, static_cast<int>(reader.info().output_width));
  const Interval rows =
      scaled(box.y, box.height, denominator, static_cast<int>(reader.info().output_height));
  JDIMENSION x = static_cast<JDIMENSION>(columns.begin);
  JDIMENSION width = static_cast<JDIMENSION>(columns.end - columns.begin);
  if (!reader.crop(&x, &width, static_cast<JDIMENSION>(rows.begin))) return reader.fault();

  Image image = Image::zeros(rows.end - rows.begin, static_cast<int>(reader.info().output_width),
                             reader.info().output_components);
  if (!reader.read_rows(image)) return reader.fault();
  if (reader.damaged() && options.truncated == TruncatedPolicy::kFail) return reader.fault();

  const double scale = 1.0 / denominator;
  return finish(
      std::move(image),
      Window(box.x * scale - x, box.y * scale - rows.begin, box.width * scale, box.height * scale),
      reader);
}

}  // namespace arno::io::detail
