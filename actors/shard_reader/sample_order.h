// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "florence/training/training_config.h"
#include "io/epoch_order.h"
#include "io/shard_set.h"
#include "io/source_mix.h"

namespace arno::actors {

/// Which sample a slot holds.
struct SlotContent {
  uint32_t source = 0;
  uint64_t index = 0;  ///< of the sample in its source
  uint64_t epoch = 0;  ///< of the source, within the training stage
};

/// The order of a whole training: for every stage, a mix of the sources that have samples for it,
/// and for every source a permutation for each epoch. A pure function of its arguments, with no
/// state to save.
class SampleOrder {
 public:
  SampleOrder(const std::vector<std::shared_ptr<const io::ShardSet>>& sources,
              const std::vector<double>& weights, const florence::TrainingConfig& training,
              uint64_t seed);

  /// The sample of a slot; `attempt` > 0: its n-th replacement, from the same source.
  SlotContent at(uint64_t slot, uint32_t attempt) const;

 private:
  /// A source as one stage sees it: all its samples, or those with a long text.
  struct StageSource {
    uint32_t source = 0;
    bool long_texts_only = false;
    io::EpochOrder order;
  };
  struct Stage {
    uint64_t first_slot = 0;
    io::SourceMix mix;
    std::vector<StageSource> sources;
  };

  std::vector<std::shared_ptr<const io::ShardSet>> sources_;
  florence::TrainingConfig training_;
  uint64_t seed_;
  std::vector<Stage> stages_;
};

}  // namespace arno::actors
