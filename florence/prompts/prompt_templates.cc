// SPDX-License-Identifier: Apache-2.0
#include "florence/prompts/prompt_templates.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "io/read_file.h"
#include "io/utf8.h"

namespace arno::florence {
namespace {

constexpr std::string_view kPlace = "{}";

/// Throws unless the line is a template.
void check_template(std::string_view line, std::string_view name, size_t number) {
  ARNO_CHECK(io::is_valid_utf8(line), Errc::data_corrupt,
             "[prompt_templates] {}:{}: found bytes that are not UTF-8", name, number);
  size_t places = 0;
  for (size_t at = line.find(kPlace); at != line.npos; at = line.find(kPlace, at + kPlace.size())) {
    ++places;
  }
  ARNO_CHECK(places == 1, Errc::data_corrupt,
             "[prompt_templates] {}:{}: found {} times \"{{}}\", expected it once", name, number,
             places);
}

}  // namespace

PromptTemplates PromptTemplates::builtin() {
  return PromptTemplates({
      "a photo of the {}",
      "a cropped photo of {}",
      "a photo of one {}",
      "a picture that shows {}",
      "a drawing of {}",
      "a small image of {}",
      "a colour image of {}",
      "a view of {} from nearby",
      "{} in the middle of a picture",
      "{}, seen from afar",
      "an image with {} in it",
      "{}",
  });
}

PromptTemplates PromptTemplates::from_file(const std::filesystem::path& path) {
  constexpr size_t kMaxBytes = size_t{16} << 20;
  return from_text(io::read_file(path, kMaxBytes), path.string());
}

PromptTemplates PromptTemplates::from_text(std::string_view text, std::string_view name) {
  std::vector<std::string> templates;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t size = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    check_template(line, name, number);
    templates.emplace_back(line);
  }
  ARNO_CHECK(!templates.empty(), Errc::data_corrupt,
             "[prompt_templates] {}: found no template, expected one a line", name);
  return PromptTemplates(std::move(templates));
}

std::string PromptTemplates::apply(size_t index, std::string_view word) const {
  ARNO_CHECK(index < size(), Errc::invalid_argument,
             "[prompt_templates] index is {}, expected 0 to {}", index, size() - 1);
  std::string text = templates_[index];
  return text.replace(text.find(kPlace), kPlace.size(), word);
}

}  // namespace arno::florence
