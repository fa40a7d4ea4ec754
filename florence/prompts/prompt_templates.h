// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arno::florence {

/// Texts with one place, `{}`, for a word: "a photo of the {}".
class PromptTemplates {
 public:
  /// Twelve of our own: the two that the paper names ("A photo of the [WORD]", "A cropped photo of
  /// [WORD]"), nine in their manner, and the bare "{}".
  static PromptTemplates builtin();

  /// One template a line, UTF-8. Empty lines and lines that start with '#' are left out. Throws
  /// io_failed, or data_corrupt, naming file and line, for a line without exactly one "{}" and for
  /// a file without a template.
  static PromptTemplates from_file(const std::filesystem::path& path);
  /// The same of a text; `name` stands for the path in errors.
  static PromptTemplates from_text(std::string_view text, std::string_view name);

  /// At least 1.
  size_t size() const { return templates_.size(); }
  std::span<const std::string> all() const { return templates_; }

  /// Template `index` with `word` in its place. Throws invalid_argument for an index out of range.
  std::string apply(size_t index, std::string_view word) const;

 private:
  explicit PromptTemplates(std::vector<std::string> templates) : templates_(std::move(templates)) {}

  std::vector<std::string> templates_;
};

}  // namespace arno::florence
