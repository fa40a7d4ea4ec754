// SPDX-License-Identifier: Apache-2.0
#include "actors/prompt_sampler/prompt_sampler.h"

#include "actors/sample_random.h"
#include "actors/training_stage.h"
#include "io/shard_index.h"

namespace arno::actors {

void PromptSamplerOptions::fields(ConfigFields& f) {
  f.text("templates", templates,
         {.doc = "a text file, one template with one {} a line; empty: the built-in set"});
}

void PromptSamplerOptions::check(const graph::StageContext&, const RawConfig& where,
                                 ConfigProblems& problems) const {
  try {
    florence::PromptTemplates::load(templates);
  } catch (const Error& error) {
    problems.push_back(where.problem_at("templates", error.what()));
  }
}

PromptSamplerStage::PromptSamplerStage(const PromptSamplerOptions& options,
                                       const graph::StageContext& context)
    : sampler_(florence::PromptTemplates::load(options.templates), io::kShortTextWords),
      training_(context.training),
      observer_(context.observer) {}

void PromptSamplerStage::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  const auto& sample = item.get<AugmentedItem>();
  const bool long_only = stage_of_slot(training_, sample.id.slot).texts == "long";
  florence::SampledPrompt prompt =
      sampler_.sample(sample.texts, key_for(sample.id.key, Draw::prompt), long_only);
  if (observer_ && observer_->wants_sample()) {
    observer_->on_sample({.slot = sample.id.slot,
                          .source = sample.id.source,
                          .text = prompt.text,
                          .prompt_template = prompt.prompt_template,
                          .image = sample.image});
  }
  PromptedItem prompted{.id = sample.id,
                        .image = sample.image,
                        .text = std::move(prompt.text),
                        .label = prompt.label};
  const size_t bytes = prompted.image.size_bytes();
  out.emit(kPrompted, graph::Payload::of(std::move(prompted), bytes));
}

graph::ActorKind prompt_sampler_kind() {
  return graph::with_options<PromptSamplerOptions, PromptSamplerStage>({
      .name = "prompt_sampler",
      .doc = "Chooses a text of each sample, templates short ones, and labels the sample.",
      .inputs = {graph::port<AugmentedItem>("samples", "AugmentedItem", "with all their texts")},
      .outputs = {graph::port<PromptedItem>("prompted", "PromptedItem", "with one text")},
      .replicable = true,
      .restartable = true,
      .placeable = true,
      .example = "templates: \"\"",
  });
}

}  // namespace arno::actors
