// SPDX-License-Identifier: Apache-2.0
#include "florence/prompts/prompt_templates.h"

#include <sstream>

#include "common/error.h"
#include "io/read_file.h"
#include "io/utf8.h"

namespace arno::florence {
namespace {

constexpr std::string_view kPlace = "{}";
constexpr size_t kMaxFile = 1 << 20;

size_t count_places(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(kPlace); at != std::string_view::npos;
       at = text.find(kPlace, at + 2)) {
    ++count;
  }
  return count;
}

}  // namespace

PromptTemplates PromptTemplates::builtin() {
  PromptTemplates out;
  out.templates_ = {"{}",
                    "a photo of the {}",
                    "a cropped photo of {}",
                    "a picture of a {}",
                    "a drawing of a {}",
                    "a small image of a {}",
                    "this is a {}",
                    "an icon that shows a {}",
                    "a {} on a plain background",
                    "one {}",
                    "a close view of the {}",
                    "a simple illustration of {}"};
  return out;
}

PromptTemplates PromptTemplates::from_file(const std::filesystem::path& path) {
  PromptTemplates out;
  std::istringstream lines(io::read_file(path, kMaxFile));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    ARNO_CHECK(io::is_valid_utf8(line) && count_places(line) == 1, Errc::data_corrupt,
               "{}:{}: found {} places {{}}, expected UTF-8 with one", path.string(), number,
               count_places(line));
    out.templates_.push_back(line);
  }
  ARNO_CHECK(!out.templates_.empty(), Errc::data_corrupt, "{}: holds no template", path.string());
  return out;
}

PromptTemplates PromptTemplates::load(const std::string& path) {
  return path.empty() ? builtin() : from_file(path);
}

std::string PromptTemplates::apply(size_t index, std::string_view word) const {
  std::string out = templates_.at(index);
  return out.replace(out.find(kPlace), kPlace.size(), word);
}

}  // namespace arno::florence
