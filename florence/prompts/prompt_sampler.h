// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "common/hash.h"
#include "common/random.h"
#include "florence/prompts/prompt_templates.h"

namespace arno::florence {

/// A text as the text tower gets it.
struct SampledPrompt {
  std::string text;
  /// hash128 of the normalised text before templating: samples with equal labels are positives of
  /// each other (Florence, section 2.2).
  Hash128 label;
  std::string prompt_template;  ///< that the text was put into; empty: none
};

/// Chooses one of a sample's texts at random, and puts a short one into a random template.
class PromptSampler {
 public:
  /// Texts of up to `max_short_words` words get a template.
  PromptSampler(PromptTemplates templates, size_t max_short_words)
      : templates_(std::move(templates)), max_short_words_(max_short_words) {}

  /// `texts`: at least one. `long_texts_only` (stage 2 of the pre-training): chooses among the
  /// texts that need no template; when there is none, any text as it is. The same key draws the
  /// same. Throws invalid_argument without texts.
  SampledPrompt sample(std::span<const std::string> texts, RandomKey key,
                       bool long_texts_only) const;

 private:
  bool is_short(const std::string& text) const;

  PromptTemplates templates_;
  size_t max_short_words_;
};

}  // namespace arno::florence
