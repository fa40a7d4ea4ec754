// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdlib>
#include <span>
#include <string>

#include "common/hash.h"
#include "io/shard_index.h"
#include "io/tar_reader.h"

namespace {

using namespace arno::io;

constexpr std::string_view kKeptMark = "ARNOIDX";

void check(bool condition) {
  if (!condition) std::abort();
}

void check_inside(const MemberRange& range, uint64_t size) {
  check(range.size <= size && range.offset <= size - range.size);
}

void check_index(const ShardIndex& index, uint64_t shard_size) {
  uint64_t samples = 0;
  index.for_each([&](const SampleMembers& members) {
    for (const MemberRange& range : {members.image, members.text, members.json, members.label}) {
      check_inside(range, shard_size);
    }
    check(index.at(samples++).image.offset == members.image.offset);
  });
  check(samples == index.size());
}

/// Makes the checksum of every block that looks like a header hold, so that what is behind the
/// check is reached.
std::string with_checksums(std::string text) {
  constexpr size_t kBlock = 512, kChecksumAt = 148, kMagicAt = 257;
  for (size_t at = 0; at + kBlock <= text.size(); at += kBlock) {
    if (text.compare(at + kMagicAt, 5, "ustar") != 0) continue;
    text.replace(at + kChecksumAt, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = at; i < at + kBlock; ++i) sum += static_cast<unsigned char>(text[i]);
    text.replace(at + kChecksumAt, 6, fmt::format("{:06o}", sum));
  }
  return text;
}

/// Bytes as a shard.
void read_shard(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  const auto source = view_bytes(bytes);
  TarReader reader(source);
  size_t members = 0;
  while (const auto member = reader.next()) {
    check(!member->name.empty());
    check_inside({.offset = member->offset, .size = member->size}, bytes.size());
    check(++members <= bytes.size() / 512);
  }
  const ShardIndex index = ShardIndex::build(source);
  check(index.faults().empty() == !reader.fault());
  check_index(index, bytes.size());
  const ShardStamp stamp{.size = bytes.size(), .version = 1};
  const auto again = ShardIndex::from_bytes(index.to_bytes(stamp), stamp);
  check(again && again->to_bytes(stamp) == index.to_bytes(stamp));
}

/// Bytes as a kept index, under a checksum that holds and a stamp that fits.
void read_kept(std::string text) {
  constexpr size_t kStampAt = 8;
  const ShardStamp stamp{.size = 1 << 20, .version = 1};
  const std::string head = ShardIndex().to_bytes(stamp);
  text.replace(0, kStampAt + 16, head, 0, kStampAt + 16);
  const uint64_t sum = arno::hash64(text);
  text.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
  if (const auto index = ShardIndex::from_bytes(text, stamp)) check_index(*index, stamp.size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with(kKeptMark)) {
    read_kept(std::string(text));
  } else {
    read_shard(with_checksums(std::string(text)));
  }
  return 0;
}
