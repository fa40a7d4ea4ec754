// SPDX-License-Identifier: Apache-2.0
#include "actors/batcher/batcher.h"

#include "common/numbering.h"
#include "ops/loss/unicl_loss.h"

namespace arno::actors {
namespace {

constexpr monitoring::MetricDef kRepeated{
    monitoring::MetricType::counter,
    "arno_repeated_samples_total",
    "Samples that came again after a fault and were left out.",
    {}};

}  // namespace

Batcher::Batcher(const BatcherOptions&, const graph::StageContext& context)
    : batch_size_(context.training.batch_size),
      next_slot_(static_cast<uint64_t>(context.from.step * context.training.batch_size)) {
  if (context.metrics) repeated_ = context.metrics->counter(kRepeated, {});
}

void Batcher::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  auto sample = item.share<TokenizedItem>();
  const uint64_t slot = sample->id.slot;
  // After a fault the reader sends again what may have been lost: the same, as it depends on the
  // slot alone.
  if (slot < next_slot_ || !waiting_.emplace(slot, std::move(sample)).second) {
    repeated_.add();
    return;
  }
  const uint64_t before = next_slot_;
  for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_slot_;
       first = waiting_.erase(first)) {
    rows_.push_back(std::move(first->second));
    ++next_slot_;
    if (static_cast<int64_t>(rows_.size()) < batch_size_) continue;
    florence::TrainingBatch batch = assemble(static_cast<int64_t>(next_slot_) / batch_size_ - 1);
    rows_.clear();
    const size_t bytes = batch.images.size_bytes();
    out.emit(kBatches, graph::Payload::of(std::move(batch), bytes));
  }
  if (next_slot_ != before) {
    out.emit(kDelivered, graph::Payload::of(DeliveredSlots{next_slot_}, sizeof(DeliveredSlots)));
  }
}

florence::TrainingBatch Batcher::assemble(int64_t step) const {
  florence::TrainingBatch batch{.step = step};
  const ops::Shape& row = rows_.front()->image.shape();
  batch.images = ops::Tensor::empty({batch_size_, row[0], row[1], row[2]}, ops::DType::f32);
  Numbering<std::vector<int32_t>> texts;
  std::vector<int32_t> text_rows;
  std::vector<Hash128> labels;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const TokenizedItem& sample = *rows_[i];
    batch.images.narrow(static_cast<int64_t>(i), 1).reshape(row).copy_from(sample.image);
    text_rows.push_back(texts.number(sample.tokens));
    labels.push_back(sample.label);
    batch.keys.push_back(sample.id.key);
    batch.read_at.push_back(sample.id.read_at);
  }
  batch.texts = florence::pack_texts(texts.values());
  batch.text_rows = ops::Tensor::from<int32_t>({batch_size_}, text_rows);
  batch.labels = ops::assign_labels(labels);
  return batch;
}

graph::ActorKind batcher_kind() {
  return graph::with_options<BatcherOptions, Batcher>({
      .name = "batcher",
      .doc = "Restores the order of the samples and groups them into training batches.",
      .inputs = {graph::port<TokenizedItem>("samples", "TokenizedItem", "in any order")},
      .outputs = {graph::port<florence::TrainingBatch>("batches", "TrainingBatch",
                                                       "one for each step, in order"),
                  graph::port<DeliveredSlots>("delivered", "DeliveredSlots",
                                              "how far the order is complete")},
      .metrics = {kRepeated},
      .example = "{}",
  });
}

}  // namespace arno::actors
