// SPDX-License-Identifier: Apache-2.0
#include "actors/contrastive_loss/contrastive_loss.h"

namespace arno::actors {

void ContrastiveLossOptions::fields(ConfigFields& f) {
  f.integer("row_block", row_block,
            {.doc = "rows of the logit matrix that exist at once", .min = 1});
}

void ContrastiveLoss::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  const auto& features = item.get<FeaturesItem>();
  LossItem loss{.step = features.step,
                .result = ops::unicl_loss_and_gradient(
                    features.features.image, features.features.text, features.labels,
                    features.features.log_temperature, {.row_block = options_.row_block})};
  const size_t bytes = loss.result.grad_image.size_bytes() + loss.result.grad_text.size_bytes();
  out.emit(kGradients, graph::Payload::of(std::move(loss), bytes));
}

graph::ActorKind contrastive_loss_kind() {
  return graph::with_options<ContrastiveLossOptions, ContrastiveLoss>({
      .name = "contrastive_loss",
      .doc = "Computes the UniCL loss of a step's features and its gradients.",
      .inputs = {graph::port<FeaturesItem>("features", "FeaturesItem", "of a whole batch")},
      .outputs = {graph::port<LossItem>("gradients", "LossItem", "of the same features")},
      .scheduling = graph::Scheduling::detached,
      .restartable = true,
      .example = "row_block: 256",
  });
}

}  // namespace arno::actors
