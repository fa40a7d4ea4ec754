// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/hash.h"
#include "common/item_tag.h"
#include "common/random.h"
#include "florence/training/trainer.h"
#include "io/image/image.h"
#include "monitoring/metrics.h"

// What travels along the edges of a training graph, in the order in which it is made.
namespace arno::actors {

/// Where a sample belongs. A slot is a place in the endless sequence of training samples: slot
/// s is row s mod batch_size of step s / batch_size. Its content is a function of (seed, slot).
struct SampleId {
  uint64_t slot = 0;
  uint32_t source = 0;                            ///< index of the data source
  uint32_t attempt = 0;                           ///< 0; n for the n-th replacement of a bad sample
  uint64_t index = 0;                             ///< of the sample in its source
  RandomKey key;                                  ///< of every draw made for this slot
  std::chrono::steady_clock::time_point read_at;  ///< for latencies; nothing depends on it
};

/// A sample as its shard holds it.
struct RawItem {
  SampleId id;
  std::string name;                ///< "shard.tar:offset"
  std::vector<std::byte> image;    ///< encoded
  std::vector<std::string> texts;  ///< at least one, UTF-8
};

/// Decoded: RGB. Of a large JPEG only the crop was decoded, at a resolution close to the target.
struct DecodedItem {
  SampleId id;
  io::Image image;
  io::Window crop;  ///< the part of `image` to keep
  std::vector<std::string> texts;
};

/// Cropped to the stage's resolution, augmented and normalised.
struct AugmentedItem {
  SampleId id;
  ops::Tensor image;  ///< f32 [S, S, 3]
  std::vector<std::string> texts;
};

/// One text chosen, put into a template when it is short.
struct PromptedItem {
  SampleId id;
  ops::Tensor image;
  std::string text;
  Hash128 label;  ///< of the normalised text before templating (Florence, section 2.2)
};

/// The text in tokens: what a batch is made of.
struct TokenizedItem {
  SampleId id;
  ops::Tensor image;
  std::vector<int32_t> tokens;  ///< start-of-text ... end-of-text
  Hash128 label;
};

/// A sample that could not be used; the reader fills its slot with another.
struct RejectedItem {
  SampleId id;
  std::string cause;  ///< short, for counting: "truncated"
  std::string detail;
};

/// The batcher has every slot below this one.
struct DeliveredSlots {
  uint64_t next_slot = 0;
};

/// Features of a step, for the loss.
struct FeaturesItem {
  int64_t step = 0;
  florence::BatchFeatures features;
  std::vector<int32_t> labels;
};

/// The loss of a step and its gradients.
struct LossItem {
  int64_t step = 0;
  ops::UniclLossResult result;
  double gather_s = 0;  ///< seconds of it that features and labels of replicas were exchanged
};

/// A replica's member of a group. Stays in its process: whoever has it calls it.
struct GroupMember {
  std::shared_ptr<ops::Communicator> member;
  monitoring::Counter seconds{};  ///< that it spent in calls
};

/// The slot of a sample, at whatever point of its way.
template <class Sample>
requires requires(const Sample& sample) { sample.id.slot; }
ItemTag item_tag(const Sample& sample) { return {.slot = static_cast<int64_t>(sample.id.slot)}; }
/// The last of the slots.
inline ItemTag item_tag(const DeliveredSlots& delivered) {
  return {.slot = static_cast<int64_t>(delivered.next_slot) - 1};
}
inline ItemTag item_tag(const FeaturesItem& features) { return {.step = features.step + 1}; }
inline ItemTag item_tag(const LossItem& loss) { return {.step = loss.step + 1}; }

}  // namespace arno::actors
