// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "common/hash.h"
#include "io/import/detail/clipart_texts.h"
#include "io/import/detail/import_job.h"
#include "io/import/detail/picture.h"
#include "io/import/import.h"
#include "io/read_file.h"
#include "io/text_clean.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using detail::ImportJob;

constexpr std::string_view kDrawings = "usr/share/openclipart/svg";
constexpr std::string_view kPictures = "usr/share/openclipart/png";
constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr int kTestPercent = 5;
// Series such as 1,375 computed stars and 226 playing cards would drown the rest.
constexpr int kMaxPerText = 60;

const detail::ImportSource& source() {
  static const detail::ImportSource kSource = {
      .name = "openclipart", .licence = "public domain", .splits = {"train", "test"}};
  return kSource;
}

/// "animals/birds/owl.svg" gives "openclipart-animals_birds_owl".
std::string key_of(const std::string& file) {
  std::string key = "openclipart-" + file.substr(0, file.rfind('.'));
  std::replace_if(
      key.begin(), key.end(), [](char c) { return c == '/' || c == '.'; }, '_');
  return key;
}

/// Picks drawings one by one and remembers what it has seen.
class ClipartImport {
 public:
  ClipartImport(fs::path root, ImportJob& job) : root_(std::move(root)), job_(job) {}

  void add(const std::string& file) {
    const std::string cause = try_add(file);
    if (!cause.empty()) job_.drop(cause);
  }

 private:
  /// Why the drawing was left out; empty: it was not.
  std::string try_add(const std::string& file) {
    const std::string split = detail::percentile_of(file) < kTestPercent ? "test" : "train";
    if (job_.is_full(split)) return {};
    const auto metadata =
        detail::parse_clipart_metadata(read_file(root_ / kDrawings / file, kMaxBytes));
    if (detail::is_clipart_left_out(file, metadata)) return "drawing of an icon theme or gradient";
    if (!metadata.is_public_domain()) return "drawing not given to the public domain";
    std::vector<std::string> texts = detail::clipart_texts(file, metadata);
    if (texts.empty()) return "drawing without a usable text";
    int& same_text = pictures_by_text_[normalize_text(texts.front())];
    if (same_text >= kMaxPerText) return "drawing of a long series with one text";

    fs::path path = root_ / kPictures / file;
    path.replace_extension(".png");
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return "drawing without a PNG file";
    std::string bytes = read_file(path, kMaxBytes);
    if (!seen_.insert(hash128(bytes)).second) return "picture that was there already";
    detail::Picture picture = detail::fit_picture(std::move(bytes), detail::Margins::kTrim);
    if (picture.png.empty()) return picture.cause;
    ++same_text;
    job_.add(split, {.key = key_of(file),
                     .png = std::move(picture.png),
                     .texts = std::move(texts),
                     .file = file});
    return {};
  }

  fs::path root_;
  ImportJob& job_;
  std::unordered_set<Hash128> seen_;
  std::unordered_map<std::string, int> pictures_by_text_;
};

}  // namespace

ImportReport import_openclipart(const ImportOptions& options) {
  detail::InputFiles inputs(options.root);
  std::vector<std::string> files = inputs.files_below(kDrawings, ".svg", "openclipart-svg");
  inputs.files_below(kPictures, ".png", "openclipart-png");
  detail::shuffle_by_hash(files);
  return detail::run_import(source(), options, inputs, [&](ImportJob& job) {
    ClipartImport clipart(options.root, job);
    for (const std::string& file : files) {
      if (job.is_full()) return;
      clipart.add(file);
    }
  });
}

}  // namespace arno::io
