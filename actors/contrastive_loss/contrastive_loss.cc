// SPDX-License-Identifier: Apache-2.0
#include "actors/contrastive_loss/contrastive_loss.h"

namespace arno::actors {

void ContrastiveLossOptions::fields(ConfigFields& f) {
  f.integer("row_block", row_block,
            {.doc = "rows of the logit matrix that exist at once", .min = 1});
}

ops::UniclLossResult ContrastiveLoss::loss_of(const FeaturesItem& item) const {
  const florence::BatchFeatures& features = item.features;
  const ops::UniclLossOptions options{.row_block = options_.row_block};
  if (!group_) {
    return ops::unicl_loss_and_gradient(features.image, features.text, item.labels,
                                        features.log_temperature, options);
  }
  return ops::unicl_loss_and_gradient(features.image, features.text, item.labels,
                                      features.log_temperature, *group_, options);
}

void ContrastiveLoss::on_item(int port, const graph::Payload& item, graph::Outbox& out) {
  if (port == kGroup) {
    if (replicas_ == 1) return;
    group_ = item.get<GroupMember>().member;
    group_seconds_ = item.get<GroupMember>().seconds;
    return;
  }
  const auto& features = item.get<FeaturesItem>();
  const double before = group_seconds_.value();
  LossItem loss{.step = features.step, .result = loss_of(features)};
  loss.gather_s = group_seconds_.value() - before;
  const size_t bytes = loss.result.grad_image.size_bytes() + loss.result.grad_text.size_bytes();
  out.emit(kGradients, graph::Payload::of(std::move(loss), bytes));
}

graph::ActorKind contrastive_loss_kind() {
  return graph::with_options<ContrastiveLossOptions, ContrastiveLoss>({
      .name = "contrastive_loss",
      .doc = "Computes the UniCL loss of a step's features and its gradients.",
      .inputs = {graph::by_replica(graph::port<FeaturesItem>(
                     "features", "FeaturesItem", "of a batch, or of the replica's rows of it")),
                 graph::by_replica(graph::optional_port<GroupMember>(
                     "group", "GroupMember", "of the replicas, where there are several"))},
      .outputs = {graph::port<LossItem>("gradients", "LossItem", "of the same features")},
      .scheduling = graph::Scheduling::detached,
      .replicable = true,
      .restartable = true,
      .placeable = true,
      .keeps_state = true,
      .example = "row_block: 256",
  });
}

}  // namespace arno::actors
