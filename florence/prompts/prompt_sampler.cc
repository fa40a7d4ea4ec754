// SPDX-License-Identifier: Apache-2.0
#include "florence/prompts/prompt_sampler.h"

#include <utility>
#include <vector>

#include "common/error.h"
#include "io/text_clean.h"

namespace arno::florence {
namespace {

/// A text that may be chosen.
struct Candidate {
  const std::string* original;
  std::string cleaned;
  size_t words;
};

}  // namespace

Hash128 text_label(std::string_view text) { return hash128(io::normalize_text(text)); }

PromptSampler::PromptSampler(PromptTemplates templates, int64_t max_words)
    : templates_(std::move(templates)), max_words_(static_cast<size_t>(max_words)) {
  ARNO_CHECK(max_words >= 0, Errc::invalid_argument,
             "[prompt_sampler] max_words is {}, expected at least 0", max_words);
}

std::optional<SampledPrompt> PromptSampler::sample(std::span<const std::string> texts,
                                                   RandomKey key, TextChoice choice) const {
  std::vector<Candidate> candidates;
  for (const std::string& text : texts) {
    std::string cleaned = io::clean_text(text);
    const size_t words = io::word_count(cleaned);
    if (words == 0 || (choice == TextChoice::long_only && is_short(words))) continue;
    candidates.push_back({&text, std::move(cleaned), words});
  }
  if (candidates.empty()) return std::nullopt;

  Random random(key);
  Candidate& chosen = candidates[random.below(candidates.size())];
  SampledPrompt prompt{.text = {}, .template_index = -1, .label = text_label(*chosen.original)};
  if (is_short(chosen.words)) {
    const size_t index = random.below(templates_.size());
    prompt.template_index = static_cast<int>(index);
    prompt.text = templates_.apply(index, chosen.cleaned);
  } else {
    prompt.text = std::move(chosen.cleaned);
  }
  return prompt;
}

}  // namespace arno::florence
