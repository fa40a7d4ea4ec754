// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/hash.h"
#include "common/random.h"
#include "florence/prompts/prompt_templates.h"

namespace arno::florence {

/// The label y of a text: the hash of its normalised form, before any template (Florence, section
/// 2.2: texts that are the same share a label and are positives of each other).
Hash128 text_label(std::string_view text);

/// Which of an image's texts may be chosen.
enum class TextChoice {
  any,        ///< all; short ones are put into a template
  long_only,  ///< those too long for a template: the second stage leaves all augmented data out
};

/// What an image is paired with in one step.
struct SampledPrompt {
  std::string text;         ///< cleaned, and templated when it was short
  int template_index = -1;  ///< of PromptTemplates; -1 when no template was used
  Hash128 label;            ///< text_label of the chosen text
};

/// Draws a text of an image, and for a short one a template (Florence, section 2.2).
class PromptSampler {
 public:
  /// Texts of 1 to `max_words` words get a template; the paper says "one or two words". Throws
  /// invalid_argument if max_words < 0.
  explicit PromptSampler(PromptTemplates templates, int64_t max_words = 2);

  /// A uniform choice among the allowed texts, then among the templates, both by `key` alone.
  /// Nothing when no text is allowed; texts without a word never are.
  std::optional<SampledPrompt> sample(std::span<const std::string> texts, RandomKey key,
                                      TextChoice choice = TextChoice::any) const;

  const PromptTemplates& templates() const { return templates_; }

 private:
  bool is_short(size_t words) const { return words <= max_words_; }

  PromptTemplates templates_;
  size_t max_words_;
};

}  // namespace arno::florence
