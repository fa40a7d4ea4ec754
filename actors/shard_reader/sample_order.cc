// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/sample_order.h"

#include "common/error.h"

namespace arno::actors {
namespace {

// Children of the job's seed.
constexpr uint64_t kOrderKey = 2;
constexpr uint64_t kMixKey = 3;
constexpr uint64_t kReplacementKey = 4;

uint64_t eligible(const io::ShardSet& source, bool long_texts_only) {
  return long_texts_only ? source.long_text_count() : source.size();
}

}  // namespace

SampleOrder::SampleOrder(const std::vector<std::shared_ptr<const io::ShardSet>>& sources,
                         const std::vector<double>& weights,
                         const florence::TrainingConfig& training, uint64_t seed)
    : sources_(sources), training_(training), seed_(seed) {
  uint64_t first_slot = 0;
  for (size_t s = 0; s < training.stages.size(); ++s) {
    const bool long_only = training.stages[s].texts == "long";
    const RandomKey key = RandomKey(seed).child(kOrderKey).child(s);
    std::vector<double> stage_weights;
    std::vector<StageSource> stage_sources;
    for (uint32_t i = 0; i < sources.size(); ++i) {
      const uint64_t count = eligible(*sources[i], long_only);
      if (count == 0 || weights[i] <= 0) continue;
      stage_weights.push_back(weights[i]);
      stage_sources.push_back({i, long_only, io::EpochOrder(count, key.child(i))});
    }
    ARNO_CHECK(!stage_sources.empty(), Errc::invalid_argument,
               "[shard_reader] no source has a sample for stage \"{}\" (texts: {})",
               training.stages[s].name, training.stages[s].texts);
    stages_.push_back({first_slot,
                       io::SourceMix(stage_weights, RandomKey(seed).child(kMixKey).child(s)),
                       std::move(stage_sources)});
    first_slot += static_cast<uint64_t>(training.stages[s].steps * training.batch_size);
  }
}

SlotContent SampleOrder::at(uint64_t slot, uint32_t attempt) const {
  const auto step = static_cast<int64_t>(slot) / training_.batch_size;
  const Stage& stage = stages_[florence::stage_at(training_, step).index];
  const io::SourceMix::Place place = stage.mix.at(slot - stage.first_slot);
  const StageSource& source = stage.sources[place.source];
  const uint64_t epoch = place.position / source.order.size();
  uint64_t rank = 0;
  if (attempt == 0) {
    rank = source.order.at(epoch, place.position % source.order.size());
  } else {
    Random random(RandomKey(seed_).child(kReplacementKey).child(slot).child(attempt));
    rank = random.below(source.order.size());
  }
  const uint64_t index =
      source.long_texts_only ? sources_[source.source]->long_text_sample(rank) : rank;
  return {.source = source.source, .index = index, .epoch = epoch};
}

}  // namespace arno::actors
