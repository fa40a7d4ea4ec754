// SPDX-License-Identifier: Apache-2.0
#include "actors/micro_batcher/micro_batcher.h"

namespace arno::actors {

void MicroBatcherOptions::fields(ConfigFields& f) {
  f.integer("micro_batch", micro_batch,
            {.doc = "samples of a micro-batch; 0: the whole batch", .min = 0});
}

void MicroBatcherOptions::check(const graph::StageContext& context, const RawConfig& where,
                                ConfigProblems& problems) const {
  const int64_t rows = context.training.batch_size / context.replicas;
  if (micro_batch <= rows) return;
  problems.push_back(
      where.problem(fmt::format("found {}, expected at most the {} samples of a replica's batch",
                                micro_batch, rows),
                    "micro_batch"));
}

void MicroBatcher::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  const auto& batch = item.get<florence::TrainingBatch>();
  const int64_t rows = batch.size() / replicas_;
  const florence::TrainingBatch own =
      replicas_ == 1 ? batch : florence::rows_of(batch, replica_ * rows, rows);
  for (florence::MicroBatch& part : florence::micro_batches_of(own, options_.micro_batch)) {
    const Output port = part.tower == florence::Tower::image ? kImages : kTexts;
    const size_t bytes = part.size_bytes();
    out.emit(port, graph::Payload::of(ForwardItem{std::move(part)}, bytes));
  }
}

graph::ActorKind micro_batcher_kind() {
  return graph::with_options<MicroBatcherOptions, MicroBatcher>({
      .name = "micro_batcher",
      .doc = "Cuts batches into the micro-batches of a pipeline.",
      .inputs = {graph::by_replica(
          graph::port<florence::TrainingBatch>("batches", "TrainingBatch", "in step order"))},
      .outputs = {graph::optional_port<ForwardItem>("images", "ForwardItem",
                                                    "for the first shard of the image tower"),
                  graph::optional_port<ForwardItem>("texts", "ForwardItem",
                                                    "for the first shard of the text tower")},
      .replicable = true,
      .placeable = true,
      .keeps_state = true,
      .example = "micro_batch: 32",
  });
}

}  // namespace arno::actors
