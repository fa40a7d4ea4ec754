// SPDX-License-Identifier: Apache-2.0
#include "florence/prompts/prompt_sampler.h"

#include <vector>

#include "common/error.h"
#include "io/text_clean.h"

namespace arno::florence {

bool PromptSampler::is_short(const std::string& text) const {
  return io::word_count(text) <= max_short_words_;
}

SampledPrompt PromptSampler::sample(std::span<const std::string> texts, RandomKey key,
                                    bool long_texts_only) const {
  ARNO_CHECK(!texts.empty(), Errc::invalid_argument, "[prompt_sampler] a sample without texts");
  std::vector<const std::string*> choices;
  for (const std::string& text : texts) {
    if (!long_texts_only || !is_short(text)) choices.push_back(&text);
  }
  if (choices.empty()) choices.push_back(&texts.front());
  Random random(key);
  const std::string& text = *choices[random.below(choices.size())];
  SampledPrompt out{.text = text, .label = hash128(io::normalize_text(text))};
  if (!long_texts_only && is_short(text)) {
    const size_t index = random.below(templates_.size());
    out.text = templates_.apply(index, text);
    out.prompt_template = templates_.at(index);
  }
  return out;
}

}  // namespace arno::florence
