// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/sample_order.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

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

bool has_samples(const OrderedSource& source, bool long_texts_only) {
  if (!source.samples) return !long_texts_only || source.long_texts;
  return eligible(*source.samples, long_texts_only) > 0;
}

}  // namespace

SampleOrder::SampleOrder(std::vector<OrderedSource> sources,
                         const florence::TrainingConfig& training, uint64_t seed)
    : sources_(std::move(sources)), training_(training), seed_(seed) {
  int64_t first_step = 0;
  for (size_t stage = 0; stage < training.stages.size(); ++stage) {
    add_stage(stage, first_step);
    first_step += training.stages[stage].steps;
  }
}

/// A span from the start of the stage, and one from each step on at which a source joins or leaves.
void SampleOrder::add_stage(size_t stage, int64_t first_step) {
  std::set<int64_t> starts{first_step};
  for (const OrderedSource& source : sources_) {
    for (const int64_t step : {source.from_step, source.until_step}) {
      const int64_t within = step - first_step;
      if (within > 0 && within < training_.stages[stage].steps) starts.insert(step);
    }
  }
  uint64_t number = 0;
  for (const int64_t start : starts) add_span(stage, start, number++);
}

void SampleOrder::add_span(size_t stage, int64_t first_step, uint64_t number) {
  const auto first_slot = static_cast<uint64_t>(first_step * training_.batch_size);
  const bool long_only = training_.stages[stage].texts == "long";
  const RandomKey key = RandomKey(seed_).child(kOrderKey).child(stage);
  std::vector<double> weights;
  std::vector<SpanSource> sources;
  for (uint32_t i = 0; i < sources_.size(); ++i) {
    const OrderedSource& source = sources_[i];
    if (source.weight <= 0 || source.from_step > first_step) continue;
    if (source.until_step > 0 && source.until_step <= first_step) continue;
    if (!has_samples(source, long_only)) continue;
    weights.push_back(source.weight);
    SpanSource& added = sources.emplace_back(SpanSource{.source = i, .long_texts_only = long_only});
    if (!source.samples) {
      added.before = streamed_before(first_slot, i);
      continue;
    }
    added.order.emplace(eligible(*source.samples, long_only), key.child(i));
    if (number > 0) added.before = taken_before(spans_.back(), first_slot, i).value_or(0);
  }
  ARNO_CHECK(!sources.empty(), Errc::invalid_argument,
             "[shard_reader] no source has a sample for stage \"{}\" (texts: {}) from step {} on",
             training_.stages[stage].name, training_.stages[stage].texts, first_step);
  RandomKey mix_key = RandomKey(seed_).child(kMixKey).child(stage);
  if (number > 0) mix_key = mix_key.child(number);
  spans_.push_back({first_slot, io::SourceMix(weights, mix_key), std::move(sources)});
}

/// Samples of a source that the spans of a stage take up to a slot, of which `span` is the last;
/// nothing when the span does not have it.
std::optional<uint64_t> SampleOrder::taken_before(const Span& span, uint64_t slot,
                                                  uint32_t source) {
  for (uint32_t place = 0; place < span.sources.size(); ++place) {
    if (span.sources[place].source != source) continue;
    return span.sources[place].before + span.mix.count_before(slot - span.first_slot, place);
  }
  return std::nullopt;
}

/// Samples of a stream that all spans take up to a slot.
uint64_t SampleOrder::streamed_before(uint64_t slot, uint32_t source) const {
  for (auto span = spans_.rbegin(); span != spans_.rend(); ++span) {
    if (const auto taken = taken_before(*span, slot, source)) return *taken;
    slot = span->first_slot;
  }
  return 0;
}

SlotContent SampleOrder::at(uint64_t slot, uint32_t attempt) const {
  const auto after = std::ranges::upper_bound(spans_, slot, {}, &Span::first_slot);
  const Span& span = *std::prev(after);
  const io::SourceMix::Place place = span.mix.at(slot - span.first_slot);
  const SpanSource& source = span.sources[place.source];
  const uint64_t position = source.before + place.position;
  if (!source.order) return {.source = source.source, .index = position};
  const uint64_t epoch = position / source.order->size();
  uint64_t rank = 0;
  if (attempt == 0) {
    rank = source.order->at(epoch, position % source.order->size());
  } else {
    Random random(RandomKey(seed_).child(kReplacementKey).child(slot).child(attempt));
    rank = random.below(source.order->size());
  }
  const uint64_t index =
      source.long_texts_only ? sources_[source.source].samples->long_text_sample(rank) : rank;
  return {.source = source.source, .index = index, .epoch = epoch};
}

}  // namespace arno::actors
