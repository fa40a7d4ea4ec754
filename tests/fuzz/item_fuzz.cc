// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "actors/codecs/codecs.h"
#include "actors/items.h"
#include "actors/pipeline_items.h"
#include "actors/shard_reader/producer_items.h"
#include "florence/training/snapshot.h"
#include "florence/training/training_batch.h"
#include "tests/fuzz/foreign_parts.h"

namespace {

const std::vector<std::string> kTypes{
    "RawItem",      "DecodedItem",    "AugmentedItem", "PromptedItem", "TokenizedItem",
    "RejectedItem", "DeliveredSlots", "TrainingBatch", "FeaturesItem", "LossItem",
    "Snapshot",     "ForwardItem",    "BackwardItem"};

arno::graph::Registry make_registry() {
  arno::graph::Registry registry;
  arno::actors::add_sample_codecs(registry);
  arno::actors::add_training_codecs(registry);
  arno::actors::add_pipeline_codecs(registry);
  return registry;
}

/// What a producer sends has no codec: it is read where it arrives, and never sent on.
void read_produced(const uint8_t* data, size_t size) {
  try {
    arno::actors::parse_sample(arno::fuzz::foreign_parts(data, size));
  } catch (const arno::Error& error) {
    if (error.code() != arno::Errc::data_corrupt) std::abort();
  }
}

}  // namespace

/// The first byte chooses the type, the others are the item's parts.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const arno::graph::Registry registry = make_registry();
  if (size == 0) return 0;
  if (data[0] == kTypes.size()) {
    read_produced(data + 1, size - 1);
    return 0;
  }
  const auto* codec = registry.find_codec(kTypes[data[0] % kTypes.size()]);
  if (!codec) std::abort();
  try {
    const auto item = codec->decode(arno::fuzz::foreign_parts(data + 1, size - 1), size);
    // What was taken for an item can be sent on.
    codec->decode(codec->encode(item), size);
  } catch (const arno::Error& error) {
    if (error.code() != arno::Errc::data_corrupt) std::abort();
  }
  return 0;
}
