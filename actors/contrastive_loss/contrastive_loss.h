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

/// The bidirectional multi-positive contrastive loss (Florence, Eq. 1-3) of a step's features. Each
/// of several replicas has the features of its own rows and computes the loss of the whole batch
/// over their group.
class ContrastiveLoss final : public graph::Stage {
 public:
  enum Input { kFeatures, kGroup };
  enum Output { kGradients };

  ContrastiveLoss(const ContrastiveLossOptions& options, const graph::StageContext& context)
      : options_(options), replicas_(context.replicas) {}

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  bool accepts(int port) const override { return port == kGroup || replicas_ == 1 || group_; }

 private:
  ops::UniclLossResult loss_of(const FeaturesItem& features) const;

  ContrastiveLossOptions options_;
  int64_t replicas_;
  monitoring::Counter group_seconds_;
  std::shared_ptr<ops::Communicator> group_;  ///< of the replicas; null for one alone
};

/// Inputs: features, the replicas' group. Output: the loss and its gradients.
graph::ActorKind contrastive_loss_kind();

}  // namespace arno::actors
