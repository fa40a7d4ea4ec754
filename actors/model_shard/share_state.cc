// SPDX-License-Identifier: Apache-2.0
#include "actors/model_shard/share_state.h"

#include <cstring>

#include "actors/codecs/codecs.h"

namespace arno::actors {
namespace {

using ops::DType;
using ops::Tensor;

// Bounds of what a peer may announce.
constexpr int64_t kMostParts = 1 << 20;
constexpr int64_t kLargestPart = int64_t{1} << 36;  // bytes

/// A broadcast of numbers; other ranks than 0 pass as many of any value.
std::vector<int64_t> broadcast(const std::vector<int64_t>& numbers, ops::Communicator& group) {
  Tensor values = Tensor::from<int64_t>({static_cast<int64_t>(numbers.size())}, numbers);
  group.broadcast(values, 0);
  const auto out = values.data<int64_t>();
  return {out.begin(), out.end()};
}

/// The sizes of rank 0's parts.
std::vector<int64_t> share_sizes(const std::vector<SharedBytes>& parts, ops::Communicator& group) {
  const int64_t count = broadcast({static_cast<int64_t>(parts.size())}, group).front();
  ARNO_CHECK(count >= 1 && count <= kMostParts, Errc::data_corrupt,
             "[model_shard] found a state of {} parts, expected 1 to {}", count, kMostParts);
  std::vector<int64_t> sizes;
  for (const SharedBytes& part : parts) sizes.push_back(static_cast<int64_t>(part.size()));
  sizes.resize(static_cast<size_t>(count));
  sizes = broadcast(sizes, group);
  for (const int64_t size : sizes) {
    ARNO_CHECK(size >= 0 && size <= kLargestPart, Errc::data_corrupt,
               "[model_shard] found a part of {} bytes, expected at most {}", size, kLargestPart);
  }
  return sizes;
}

SharedBytes share_part(const SharedBytes* own, int64_t size, ops::Communicator& group) {
  if (size == 0) return {};
  auto held = std::make_shared<Tensor>(Tensor::empty({size}, DType::u8));
  if (own) std::memcpy(held->mutable_raw(), own->span().data(), own->size());
  group.broadcast(*held, 0);
  const Tensor& bytes = *held;
  return {held, {bytes.raw(), bytes.size_bytes()}};
}

}  // namespace

std::shared_ptr<const florence::Snapshot> share_state(std::shared_ptr<const florence::Snapshot> own,
                                                      ops::Communicator& group) {
  if (group.size() == 1) return own;
  const graph::ItemCodec codec = snapshot_codec();
  const bool first = group.rank() == 0;
  ARNO_CHECK(!first || own, Errc::invalid_argument,
             "[model_shard] the first replica has no state to give to the others");
  std::vector<SharedBytes> parts;
  if (first) parts = codec.encode(graph::Payload::of(own, own->size_bytes()));
  const std::vector<int64_t> sizes = share_sizes(parts, group);
  std::vector<SharedBytes> theirs;
  for (size_t i = 0; i < sizes.size(); ++i) {
    theirs.push_back(share_part(first ? &parts[i] : nullptr, sizes[i], group));
    if (first) theirs.back() = {};
  }
  return first ? own : codec.decode(theirs, 0).share<florence::Snapshot>();
}

}  // namespace arno::actors
