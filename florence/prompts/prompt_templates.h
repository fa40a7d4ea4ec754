// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace arno::florence {

/// Sentences with one place, `{}`, for a word (Florence, section 2.2).
class PromptTemplates {
 public:
  /// A set of our own, with the paper's two: "A photo of the [WORD]", "A cropped photo of [WORD]".
  static PromptTemplates builtin();
  /// A text file, one template a line; empty lines and lines that begin with # are passed over.
  /// Throws io_failed, or data_corrupt naming the line that has no `{}` or several.
  static PromptTemplates from_file(const std::filesystem::path& path);
  /// `path` empty: builtin(), else from_file().
  static PromptTemplates load(const std::string& path);

  size_t size() const { return templates_.size(); }
  const std::string& at(size_t index) const { return templates_[index]; }
  std::string apply(size_t index, std::string_view word) const;

 private:
  std::vector<std::string> templates_;
};

}  // namespace arno::florence
