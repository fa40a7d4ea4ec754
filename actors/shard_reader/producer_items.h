// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/shared_bytes.h"
#include "graph/item_codec.h"

// What a reader and the producer of a source tell each other: items in frames of the payload plane
// (docs/frames.md), each on its lane 0.
namespace arno::actors {

inline constexpr const char* kSampleRequest = "SampleRequest";
inline constexpr const char* kProducedSample = "ProducedSample";

/// A sample of a producer: its n-th, or what takes the place of one that could not be used.
struct ProducedId {
  uint64_t index = 0;    ///< from 0
  uint32_t attempt = 0;  ///< 0; n for the n-th replacement
  auto operator<=>(const ProducedId&) const = default;
};

/// Reader to producer: send the samples first .. until - 1.
struct SampleRequest {
  uint64_t first = 0;
  uint64_t until = 0;
  uint32_t attempt = 0;
};

/// Producer to reader: an encoded image and its texts, which nobody has looked at.
struct ProducedSample {
  ProducedId id;
  std::vector<std::string> texts;
  SharedBytes image;
};

void write_request(const SampleRequest& request, graph::PartWriter& out);
/// What a producer does.
void write_sample(const ProducedSample& sample, graph::PartWriter& out);
/// Foreign bytes. Throws data_corrupt for what is no such item.
ProducedSample parse_sample(std::span<const SharedBytes> parts);

}  // namespace arno::actors
