// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "florence/training/training_config.h"
#include "io/epoch_order.h"
#include "io/shard_set.h"
#include "io/source_mix.h"

namespace arno::actors {

/// Which sample a slot holds.
struct SlotContent {
  uint32_t source = 0;
  uint64_t index = 0;  ///< of the sample in its source; of a stream: its n-th
  uint64_t epoch = 0;  ///< of the source, within the training stage
};

/// A source and its part in the training.
struct OrderedSource {
  std::shared_ptr<const io::ShardSet> samples;  ///< null: a stream, whose samples come once each
  double weight = 1;
  int64_t from_step = 0;    ///< before it the source gives nothing
  int64_t until_step = 0;   ///< from it on neither; 0: it gives to the end
  bool long_texts = false;  ///< of a stream: all its samples have one
};

/// The order of a whole training: for every stage, and anew where a source joins or leaves, a mix
/// of the sources that have samples for it; for every source of shards a permutation for each epoch
/// of a stage, for a stream the samples in its own order. A pure function of its arguments, with no
/// state to save.
class SampleOrder {
 public:
  /// Throws invalid_argument when a stage begins without a source that has a sample for it.
  SampleOrder(std::vector<OrderedSource> sources, const florence::TrainingConfig& training,
              uint64_t seed);

  /// The sample of a slot; `attempt` > 0: its n-th replacement, from the same source, which a
  /// stream itself has to find.
  SlotContent at(uint64_t slot, uint32_t attempt) const;

 private:
  /// A source as one span sees it: all its samples, or those with a long text.
  struct SpanSource {
    uint32_t source = 0;
    bool long_texts_only = false;
    std::optional<io::EpochOrder> order;  ///< nothing: a stream
    uint64_t before = 0;  ///< samples that earlier spans took: of the stage; of a stream, all
  };
  /// Steps with the same mix: a stage, or a part of one.
  struct Span {
    uint64_t first_slot = 0;
    io::SourceMix mix;
    std::vector<SpanSource> sources;
  };

  void add_stage(size_t stage, int64_t first_step);
  static std::optional<uint64_t> taken_before(const Span& span, uint64_t slot, uint32_t source);
  uint64_t streamed_before(uint64_t slot, uint32_t source) const;
  void add_span(size_t stage, int64_t first_step, uint64_t number);

  std::vector<OrderedSource> sources_;
  florence::TrainingConfig training_;
  uint64_t seed_;
  std::vector<Span> spans_;  ///< by first slot
};

}  // namespace arno::actors
