// SPDX-License-Identifier: Apache-2.0
#include <system_error>

#include "io/import/detail/import_job.h"
#include "io/import/detail/picture.h"
#include "io/import/import.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using detail::ImportJob;

constexpr std::string_view kFolder = "usr/share/tuxpaint/stamps";
constexpr std::string_view kPackage = "tuxpaint-stamps-default";
constexpr size_t kMaxBytes = size_t{64} << 20;

const detail::ImportSource& source() {
  static const detail::ImportSource kSource = {
      .name = "tuxpaint", .licence = "GPL-2.0-or-later", .splits = {"test"}};
  return kSource;
}

/// The English caption: the first line of the .txt file beside the stamp, "A flower.". Lines below
/// are translations, "fr.utf8=Une fleur.".
std::vector<std::string> read_caption(fs::path stamp) {
  stamp.replace_extension(".txt");
  std::error_code error;
  if (!fs::is_regular_file(stamp, error)) return {};
  const std::string text = read_file(stamp, kMaxBytes);
  return detail::distinct_texts({text.substr(0, text.find('\n'))});
}

/// "animals/birds/owl.png" gives "tuxpaint-animals_birds_owl".
std::string key_of(const std::string& file) {
  std::string key = file.substr(0, file.rfind('.'));
  for (char& c : key) {
    if (c == '/' || c == '.') c = '_';
  }
  return "tuxpaint-" + key;
}

bool has_png_twin(fs::path stamp) {
  std::error_code error;
  return stamp.extension() == ".svg" && fs::exists(stamp.replace_extension(".png"), error);
}

void add_stamp(const fs::path& folder, const std::string& file, ImportJob& job) {
  if (has_png_twin(folder / file)) {
    job.drop("drawing that is there as PNG too");
    return;
  }
  std::vector<std::string> texts = read_caption(folder / file);
  if (texts.empty()) {
    job.drop("stamp without an English caption");
    return;
  }
  std::string bytes = read_file(folder / file, kMaxBytes);
  detail::Picture picture =
      file.ends_with(".svg") ? detail::draw_svg(bytes) : detail::fit_picture(std::move(bytes));
  if (picture.png.empty()) {
    job.drop(picture.cause);
    return;
  }
  job.add("test", {.key = key_of(file),
                   .png = std::move(picture.png),
                   .texts = std::move(texts),
                   .file = file});
}

}  // namespace

ImportReport import_tuxpaint(const ImportOptions& options) {
  detail::InputFiles inputs(options.root);
  std::vector<std::string> files = inputs.files_below(kFolder, ".png", kPackage);
  const std::vector<std::string> drawings = inputs.files_below(kFolder, ".svg", kPackage);
  inputs.files_below(kFolder, ".txt", kPackage);
  files.insert(files.end(), drawings.begin(), drawings.end());
  detail::shuffle_by_hash(files);
  return detail::run_import(source(), options, inputs, [&](ImportJob& job) {
    for (const std::string& file : files) {
      if (job.is_full()) return;
      add_stamp(options.root / kFolder, file, job);
    }
  });
}

}  // namespace arno::io
