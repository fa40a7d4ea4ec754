// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "common/hash.h"
#include "io/import/detail/emoji_names.h"
#include "io/import/detail/import_job.h"
#include "io/import/detail/picture.h"
#include "io/import/detail/picture_font.h"
#include "io/import/import.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using detail::Annotations;
using detail::Emoji;
using detail::ImportJob;

constexpr size_t kMaxTextBytes = size_t{16} << 20;
constexpr int kTestPercent = 15;

const detail::ImportSource& source() {
  static const detail::ImportSource kSource = {
      .name = "noto-emoji", .licence = "OFL-1.1", .splits = {"train", "test"}, .version = 2};
  return kSource;
}

struct Files {
  fs::path font;
  fs::path emoji;
  fs::path annotations;
  fs::path derived;
};

Files find_files(detail::InputFiles& inputs) {
  constexpr std::string_view kCldr = "unicode-cldr-core";
  return {inputs.file("usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", "fonts-noto-color-emoji"),
          inputs.file("usr/share/unicode/emoji/emoji-test.txt", "unicode-data"),
          inputs.file("usr/share/unicode/cldr/common/annotations/en.xml", kCldr),
          inputs.file("usr/share/unicode/cldr/common/annotationsDerived/en.xml", kCldr)};
}

/// A picture of the font with the texts of every emoji that it stands for.
struct EmojiPicture {
  std::string group;  ///< the name of the first one without skin tones: chooses the split
  std::string png;
  std::vector<std::string> texts;
};

std::vector<std::string> texts_of(const Emoji& emoji, const Annotations& annotations) {
  std::vector<std::string> texts;
  const auto found = annotations.find(detail::annotation_key(emoji.code_points));
  if (found != annotations.end()) {
    texts.push_back(found->second.name);
    texts.insert(texts.end(), found->second.keywords.begin(), found->second.keywords.end());
  }
  if (texts.empty() || texts.front().empty()) texts.insert(texts.begin(), emoji.name);
  return texts;
}

/// One entry per distinct picture, by key. The first emoji names the entry.
std::map<std::string, EmojiPicture> collect(const Files& files, ImportJob& job) {
  Annotations annotations;
  detail::add_annotations(read_file(files.annotations, kMaxTextBytes), annotations);
  detail::add_annotations(read_file(files.derived, kMaxTextBytes), annotations);
  const detail::PictureFont font(files.font);

  std::map<std::string, EmojiPicture> pictures;
  std::map<Hash128, std::string> key_by_picture;
  for (const Emoji& emoji :
       detail::parse_emoji_test(read_file(files.emoji, kMaxTextBytes), files.emoji.string())) {
    std::string png = font.picture(emoji.code_points);
    if (png.empty()) {
      job.drop("emoji without a picture in the font");
      continue;
    }
    const auto [entry, is_new] =
        key_by_picture.try_emplace(hash128(png), detail::hex_name(emoji.code_points));
    if (!is_new) job.drop("emoji that looks like an earlier one (its texts are kept)");
    EmojiPicture& picture = pictures[entry->second];
    if (is_new) {
      picture.group = detail::name_without_skin_tones(emoji.name);
      picture.png = std::move(png);
    }
    const std::vector<std::string> texts = texts_of(emoji, annotations);
    picture.texts.insert(picture.texts.end(), texts.begin(), texts.end());
  }
  return pictures;
}

void fill(const Files& files, ImportJob& job) {
  std::map<std::string, EmojiPicture> pictures = collect(files, job);
  std::vector<std::string> keys;
  for (const auto& [key, unused] : pictures) keys.push_back(key);
  detail::shuffle_by_hash(keys);
  for (const std::string& key : keys) {
    if (job.is_full()) return;
    EmojiPicture& picture = pictures[key];
    detail::Picture fitted = detail::fit_picture(std::move(picture.png));
    if (fitted.png.empty()) {
      job.drop(fitted.cause);
      continue;
    }
    const bool is_test = detail::percentile_of(picture.group) < kTestPercent;
    job.add(is_test ? "test" : "train", {.key = "noto-emoji-" + key,
                                         .png = std::move(fitted.png),
                                         .texts = detail::distinct_texts(picture.texts),
                                         .file = "NotoColorEmoji.ttf U+" + key});
  }
}

}  // namespace

ImportReport import_noto_emoji(const ImportOptions& options) {
  detail::InputFiles inputs(options.root);
  const Files files = find_files(inputs);
  return detail::run_import(source(), options, inputs, [&](ImportJob& job) { fill(files, job); });
}

}  // namespace arno::io
