// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/byte_source.h"

namespace arno::io {

/// Where a member's bytes are; size 0 and offset 0 when the sample has none of the kind.
struct MemberRange {
  uint64_t offset = 0;
  uint64_t size = 0;

  bool present() const { return offset != 0; }
};

/// A sample's members: files with one key. The first of each kind counts.
struct SampleMembers {
  MemberRange image;           ///< .jpg .jpeg .png .webp
  MemberRange text;            ///< .txt .caption
  MemberRange json;            ///< .json
  MemberRange label;           ///< .cls
  bool has_long_text = false;  ///< one of its texts has more than kShortTextWords words
};

/// What tells that an index belongs to a shard.
struct ShardStamp {
  uint64_t size = 0;     ///< bytes
  uint64_t version = 0;  ///< differs with the time of the last change and with the file itself:
                         ///< two changes may have one time, as clocks of file systems are coarse

  bool operator==(const ShardStamp&) const = default;
};

/// Texts up to this many words get a prompt template (Florence, section 2.2: "one or two words").
constexpr size_t kShortTextWords = 2;

/// The samples of one shard under WebDataset's rules: consecutive members whose names agree up to
/// the first dot of the last part form a sample; a second member with the same extension begins a
/// new one. About five bytes a member of a known kind.
class ShardIndex {
 public:
  /// Walks over the headers of a shard and reads its texts.
  static ShardIndex build(const std::shared_ptr<const ByteSource>& shard);

  /// The index kept beside the shard in `<shard>.arnoidx` when it fits the shard's size and time,
  /// else a fresh one, which is then kept if the folder can be written.
  static ShardIndex open(const std::filesystem::path& shard);

  /// The index as a file holds it; without faults.
  std::string to_bytes(const ShardStamp& stamp) const;
  /// The index in such bytes; nullopt unless they are whole, have this stamp and point into a shard
  /// of that size.
  static std::optional<ShardIndex> from_bytes(std::string_view bytes, const ShardStamp& stamp);

  /// Samples.
  uint64_t size() const { return size_; }
  /// The members of a sample. Throws invalid_argument unless index < size().
  SampleMembers at(uint64_t index) const;
  /// Visits the samples in order, faster than at() for each.
  void for_each(const std::function<void(const SampleMembers&)>& visit) const;

  /// What was wrong with the shard's structure, by cause: its good samples can be used all the
  /// same.
  const std::map<std::string, int64_t>& faults() const { return faults_; }
  const std::string& fault_text() const { return fault_text_; }

 private:
  struct Builder;

  void append(const SampleMembers& members);

  std::string records_;
  std::vector<uint64_t> record_starts_;  ///< of every kStride-th sample: place in records_
  std::vector<uint64_t> base_offsets_;   ///< of every kStride-th sample: offset before it
  uint64_t size_ = 0;
  uint64_t last_offset_ = 0;
  std::map<std::string, int64_t> faults_;
  std::string fault_text_;
};

/// The texts of a sample: those of "texts" in its JSON, else "caption" there, else its text
/// member. Blank and repeated ones are left out, and so is white space at the ends. Empty when
/// there are none; `problem` then says what was wrong ("json_malformed", "text_not_utf8"), if
/// anything was.
std::vector<std::string> texts_of(std::string_view text_member, std::string_view json_member,
                                  std::string& problem);

}  // namespace arno::io
