// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// How much of the loss is computed at once: its memory, not its value beyond rounding.
struct ContrastiveLossOptions {
  int64_t row_block = 256;  ///< rows of the logit matrix that exist at once

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// The bidirectional multi-positive contrastive loss (Florence, Eq. 1-3) of a step's features.
class ContrastiveLoss final : public graph::Stage {
 public:
  enum Input { kFeatures };
  enum Output { kGradients };

  ContrastiveLoss(const ContrastiveLossOptions& options, const graph::StageContext&)
      : options_(options) {}

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  ContrastiveLossOptions options_;
};

/// Input: features of a whole batch. Output: the loss and its gradients.
graph::ActorKind contrastive_loss_kind();

}  // namespace arno::actors
