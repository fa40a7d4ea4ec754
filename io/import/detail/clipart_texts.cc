// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/clipart_texts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "io/import/detail/import_job.h"
#include "io/text_clean.h"

namespace arno::io::detail {
namespace {

constexpr std::array<std::string_view, 7> kFoldersLeftOut = {"computer/icons/etiquette-theme",
                                                             "computer/icons/flat-theme",
                                                             "computer/icons/lemon-theme",
                                                             "special/cd",
                                                             "special/examples",
                                                             "special/gradients",
                                                             "unsorted/duplicates"};

// Parts of titles in lower case that mark a drawing of an icon theme or a colour gradient.
constexpr std::array<std::string_view, 7> kThemeTitles = {
    "-theme",    "icon theme",           "iconset",     "etiquette icons",
    "svg theme", "flat icon collection", "svg gradient"};

// Parts of titles that were given to a whole series of different drawings.
constexpr std::array<std::string_view, 18> kSeriesTitles = {"gramastar",
                                                            "aiga_symbol_signs",
                                                            "various cliparts",
                                                            "svg road signs",
                                                            "road signs",
                                                            "sibmission",
                                                            "submission",
                                                            "homes clipart",
                                                            "sallite",
                                                            "advertising",
                                                            "map symbols",
                                                            "australian maps",
                                                            "untitled",
                                                            "openclipart",
                                                            "r15 general",
                                                            "clip art collection",
                                                            "inservice presentation",
                                                            "unnamed"};

// Keywords that say how a drawing was filed, not what it shows.
constexpr std::array<std::string_view, 47> kFilingKeywords = {"action",
                                                              "actions",
                                                              "appicon",
                                                              "application",
                                                              "applications",
                                                              "apps",
                                                              "clip art",
                                                              "clipart",
                                                              "etiquette",
                                                              "festive",
                                                              "filesystem",
                                                              "filesystems",
                                                              "gradient",
                                                              "gradients",
                                                              "hash",
                                                              "icon",
                                                              "icons",
                                                              "image",
                                                              "magick",
                                                              "mapsym",
                                                              "menu",
                                                              "mime types",
                                                              "mimetype",
                                                              "mimetypes",
                                                              "miscellany",
                                                              "musicstuff",
                                                              "musicsym",
                                                              "networksym",
                                                              "open clip art",
                                                              "openclipart",
                                                              "public domain",
                                                              "religholiday",
                                                              "roadtravel",
                                                              "signalflag",
                                                              "signs and symbols",
                                                              "special",
                                                              "stock",
                                                              "subnational",
                                                              "svg",
                                                              "symbol",
                                                              "symbols",
                                                              "theme",
                                                              "themes",
                                                              "united nations member",
                                                              "unsorted",
                                                              "usholiday",
                                                              "weathersym"};

// What follows the name of the thing in some titles.
constexpr std::array<std::string_view, 3> kFilingEndings = {" - RPG map elements", " - body part",
                                                            " - clothing"};

// Words of file names that say nothing about the drawing.
constexpr std::array<std::string_view, 10> kFilingWords = {
    "aiga", "amp", "bw", "clipart", "hash", "openclipart", "png", "quot", "svg", "the"};

bool contains(std::span<const std::string_view> list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool contains_part(std::span<const std::string_view> parts, std::string_view text) {
  return std::any_of(parts.begin(), parts.end(), [text](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_ascii_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

bool is_address(std::string_view text) {
  return text.find('@') != std::string_view::npos || text.find("://") != std::string_view::npos;
}

std::vector<std::string> split_words(std::string_view text, std::string_view separators) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// "Tigre01", "Leone 02" and "glace_4" without their numbers; "8 ball" and "V8" as they are.
std::string without_number(std::string text) {
  const size_t end = text.find_last_not_of("0123456789#_-. ");
  const auto letters = std::count_if(text.begin(), text.end(), is_ascii_letter);
  const bool has_number = !text.empty() && is_digit(text.back());
  if (has_number && end != std::string::npos && letters > 2) text.resize(end + 1);
  return text;
}

/// "arrow-left_green" as words; hyphens stay where there are spaces ("T-Shirt and hat").
std::string with_spaces(std::string text) {
  const bool one_word = text.find(' ') == std::string::npos;
  const auto hyphens = std::count(text.begin(), text.end(), '-');
  std::replace(text.begin(), text.end(), '_', ' ');
  if (one_word && (hyphens > 1 || text.find(' ') != std::string::npos)) {
    std::replace(text.begin(), text.end(), '-', ' ');
  }
  return text;
}

std::string tidy(std::string_view text) {
  return without_number(clean_text(with_spaces(clean_text(text))));
}

std::string file_stem(std::string_view file) {
  file.remove_prefix(file.rfind('/') == std::string_view::npos ? 0 : file.rfind('/') + 1);
  return lower_case(file.substr(0, file.rfind('.')));
}

/// "frog_mirko_maisc" without the author "Mirko Maischberger": names were cut to 24 characters.
std::string without_author(const std::string& stem, std::string_view author) {
  std::string slug = lower_case(author);
  std::replace(slug.begin(), slug.end(), ' ', '_');
  constexpr size_t kShortest = 2;
  for (size_t at = stem.find('_'); at != std::string::npos; at = stem.find('_', at + 1)) {
    const std::string_view rest = std::string_view(stem).substr(at + 1);
    if (rest.size() >= kShortest && slug.starts_with(rest)) return stem.substr(0, at);
  }
  return stem;
}

/// "sailor_monkey_nicu_bucul_01.svg" gives "sailor monkey"; words with digits go.
std::string words_of_file_name(std::string_view file, std::string_view author) {
  // Endings that tell files of one name apart: "_01", "_r", "1".
  std::string stem = file_stem(file);
  if (stem.ends_with("_r")) stem.resize(stem.size() - 2);
  stem = without_number(std::move(stem));
  while (stem.ends_with('_')) stem.pop_back();
  std::string words;
  for (const std::string& word : split_words(without_author(stem, author), "_-. ")) {
    const std::string plain = without_number(word);
    const bool has_digit = std::any_of(plain.begin(), plain.end(), is_digit);
    if (has_digit || plain.size() < 2 || contains(kFilingWords, plain)) continue;
    // Names were cut to 24 characters.
    if (plain.size() > 4 && std::string_view("openclipart").starts_with(plain)) continue;
    words += (words.empty() ? "" : " ") + plain;
  }
  return words;
}

/// Whether the last word of a title ("jigsaw_red_10": red) is one of the file name.
bool ends_with_word_of(std::string_view title, std::string_view stem) {
  constexpr std::string_view kSeparators = "_-. 0123456789";
  const std::vector<std::string> words = split_words(lower_case(title), kSeparators);
  const std::vector<std::string> known = split_words(stem, kSeparators);
  constexpr size_t kShortest = 3;  // "fc23" is not a word
  return !words.empty() && words.back().size() >= kShortest &&
         std::find(known.begin(), known.end(), words.back()) != known.end();
}

/// The title, or nothing if it is not one. "Clipart by NAME - pear" stands on many drawings that
/// are no pears: it counts only if the file name agrees.
std::string usable_title(std::string_view file, const std::string& raw) {
  constexpr std::string_view kBy = "Clipart by ";
  constexpr std::string_view kReplacementMark = "\xef\xbf\xbd";
  std::string title = clean_text(raw);
  const std::string lower = lower_case(title);
  if (contains_part(kSeriesTitles, lower) || is_address(lower)) return {};
  if (title.find(kReplacementMark) != std::string::npos) return {};
  if (title.starts_with(kBy)) {
    const size_t dash = title.find(" - ", kBy.size());
    if (dash == std::string::npos) return {};
    title.erase(0, dash + 3);
    if (!ends_with_word_of(title, file_stem(file))) return {};
  }
  for (const std::string_view ending : kFilingEndings) {
    if (title.ends_with(ending)) title.resize(title.size() - ending.size());
  }
  return tidy(title);
}

/// The keyword in lower case, or nothing if it does not describe.
std::string usable_keyword(const std::string& raw, std::string_view author) {
  std::string keyword = lower_case(tidy(raw));
  keyword.erase(0, keyword.find_first_not_of("=#*"));
  const bool has_letter = std::any_of(keyword.begin(), keyword.end(), is_ascii_letter);
  const bool is_filing = contains(kFilingKeywords, keyword) || keyword.starts_with("hash(") ||
                         keyword.starts_with("0x") || keyword.ends_with(" theme icon");
  const bool is_author = !author.empty() && keyword == lower_case(clean_text(author));
  if (!has_letter || is_filing || is_author || is_address(keyword)) return {};
  return keyword;
}

}  // namespace

bool is_clipart_left_out(std::string_view file, const ClipartMetadata& metadata) {
  const bool folder = std::any_of(kFoldersLeftOut.begin(), kFoldersLeftOut.end(),
                                  [file](std::string_view part) { return file.starts_with(part); });
  return folder || contains_part(kThemeTitles, lower_case(metadata.title));
}

std::vector<std::string> clipart_texts(std::string_view file, const ClipartMetadata& metadata) {
  std::vector<std::string> texts = {usable_title(file, metadata.title)};
  if (texts.front().empty()) texts.front() = words_of_file_name(file, metadata.author);
  for (const std::string& keyword : metadata.keywords) {
    texts.push_back(usable_keyword(keyword, metadata.author));
  }
  return distinct_texts(texts);
}

}  // namespace arno::io::detail
