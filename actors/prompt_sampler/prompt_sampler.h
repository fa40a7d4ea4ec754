// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "florence/prompts/prompt_sampler.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// Where templates for short texts come from.
struct PromptSamplerOptions {
  std::string templates;  ///< a text file, one template a line; empty: the built-in set

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig& where, ConfigProblems& problems) const;
};

/// Chooses one of a sample's texts, puts a short one into a random template, and labels the sample
/// with the hash of the text before that (Florence, section 2.2). In a stage of long texts only
/// those are chosen from, and nothing is templated.
class PromptSamplerStage final : public graph::Stage {
 public:
  enum Input { kSamples };
  enum Output { kPrompted };

  PromptSamplerStage(const PromptSamplerOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  florence::PromptSampler sampler_;
  florence::TrainingConfig training_;
  graph::JobObserver* observer_;
};

/// Input: samples with all their texts. Output: samples with one text.
graph::ActorKind prompt_sampler_kind();

}  // namespace arno::actors
