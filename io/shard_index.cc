// SPDX-License-Identifier: Apache-2.0
#include "io/shard_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "common/error.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/random.h"
#include "io/atomic_file.h"
#include "io/detail/file_descriptor.h"
#include "io/read_file.h"
#include "io/tar_reader.h"
#include "io/text_clean.h"
#include "io/utf8.h"

namespace arno::io {
namespace {

constexpr uint64_t kStride = 64;
constexpr uint64_t kMaxTextMember = 1 << 20;
constexpr size_t kMaxIndexFile = size_t{1} << 32;
constexpr std::string_view kMagic = "ARNOIDX2";

enum class Kind { image, text, json, label, other };
constexpr size_t kKinds = 4;

Kind kind_of(std::string_view extension) {
  if (extension == "jpg" || extension == "jpeg" || extension == "png" || extension == "webp") {
    return Kind::image;
  }
  if (extension == "txt" || extension == "caption") return Kind::text;
  if (extension == "json") return Kind::json;
  return extension == "cls" ? Kind::label : Kind::other;
}

std::array<MemberRange*, kKinds> ranges_of(SampleMembers& members) {
  return {&members.image, &members.text, &members.json, &members.label};
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

/// Reads bytes that may be anything; `ok` is false once something did not fit.
struct VarintReader {
  const uint8_t* at;
  const uint8_t* end;
  bool ok = true;

  explicit VarintReader(std::string_view bytes)
      : at(reinterpret_cast<const uint8_t*>(bytes.data())), end(at + bytes.size()) {}

  uint64_t next() {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      if (at == end) break;
      const uint8_t byte = *at++;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok = false;
    return 0;
  }
};

std::string read_member(const ByteSource& shard, MemberRange range) {
  std::string out(std::min(range.size, kMaxTextMember), '\0');
  out.resize(shard.read_at(range.offset, std::as_writable_bytes(std::span(out))));
  return out;
}

bool has_long_text(const ByteSource& shard, const SampleMembers& members) {
  std::string problem;
  const auto read = [&](MemberRange range) {
    return range.present() ? read_member(shard, range) : std::string();
  };
  return std::ranges::any_of(
      texts_of(read(members.text), read(members.json), problem),
      [](const std::string& text) { return word_count(text) > kShortTextWords; });
}

/// A record: flags, then for each member that is there the distance from the last offset (zigzag)
/// and the size.
void decode_record(VarintReader& in, uint64_t& offset, SampleMembers& out) {
  const uint64_t flags = in.next();
  out.has_long_text = (flags & 1) != 0;
  size_t kind = 0;
  for (MemberRange* range : ranges_of(out)) {
    if ((flags >> (1 + kind++) & 1) == 0) continue;
    const uint64_t zigzag = in.next();
    const auto delta = static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1);
    offset += static_cast<uint64_t>(delta);
    *range = {.offset = offset, .size = in.next()};
  }
}

std::pair<std::string, std::string> split_name(const std::string& name) {
  const size_t folder = name.rfind('/');
  const size_t dot = name.find('.', folder == std::string::npos ? 0 : folder + 1);
  if (dot == std::string::npos) return {name, ""};
  std::string extension = name.substr(dot + 1);
  // "000.seg.png" has the extension "seg.png"; what decides is its last part.
  extension.erase(0, extension.rfind('.') + 1);
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return {name.substr(0, dot), extension};
}

}  // namespace

std::vector<std::string> texts_of(std::string_view text_member, std::string_view json_member,
                                  std::string& problem) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  const auto add = [&](std::string_view text) {
    constexpr std::string_view kSpace = " \t\n\v\f\r";
    const size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return;
    std::string trimmed(text.substr(first, text.find_last_not_of(kSpace) + 1 - first));
    if (word_count(trimmed) > 0 && seen.insert(trimmed).second) out.push_back(std::move(trimmed));
  };
  if (!json_member.empty()) {
    const auto json = nlohmann::json::parse(json_member, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) problem = "json_malformed";
    if (json.is_object() && json.contains("texts") && json["texts"].is_array()) {
      for (const auto& text : json["texts"]) {
        if (text.is_string()) add(text.get_ref<const std::string&>());
      }
    } else if (json.is_object() && json.contains("caption") && json["caption"].is_string()) {
      add(json["caption"].get_ref<const std::string&>());
    }
  }
  if (out.empty() && !text_member.empty()) {
    if (is_valid_utf8(text_member)) {
      add(text_member);
    } else {
      problem = "text_not_utf8";
    }
  }
  return out;
}

struct ShardIndex::Builder {
  const std::shared_ptr<const ByteSource>& shard;
  ShardIndex& index;
  std::string key;
  std::vector<std::string> extensions;
  SampleMembers members;

  void add(const TarMember& member) {
    auto [member_key, extension] = split_name(member.name);
    const bool again = std::ranges::find(extensions, extension) != extensions.end();
    if (member_key != key || again) flush();
    key = std::move(member_key);
    extensions.push_back(extension);
    const Kind kind = kind_of(extension);
    if (kind == Kind::other) return;
    MemberRange& range = *ranges_of(members)[static_cast<size_t>(kind)];
    if (!range.present()) range = {.offset = member.offset, .size = member.size};
  }

  void flush() {
    const bool any = members.image.present() || members.text.present() || members.json.present() ||
                     members.label.present();
    if (any) {
      members.has_long_text = has_long_text(*shard, members);
      index.append(members);
    }
    members = {};
    extensions.clear();
  }
};

ShardIndex ShardIndex::build(const std::shared_ptr<const ByteSource>& shard) {
  ShardIndex index;
  TarReader reader(shard);
  Builder builder{shard, index, {}, {}, {}};
  while (const auto member = reader.next()) builder.add(*member);
  builder.flush();
  if (reader.fault()) {
    ++index.faults_[reader.fault()->cause];
    index.fault_text_ = reader.fault()->text;
  }
  return index;
}

void ShardIndex::append(const SampleMembers& members) {
  if (size_ % kStride == 0) {
    record_starts_.push_back(records_.size());
    base_offsets_.push_back(last_offset_);
  }
  SampleMembers copy = members;
  const auto ranges = ranges_of(copy);
  uint64_t flags = members.has_long_text ? 1 : 0;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    if (ranges[kind]->present()) flags |= uint64_t{2} << kind;
  }
  put_varint(records_, flags);
  for (const MemberRange* range : ranges) {
    if (!range->present()) continue;
    const auto delta = static_cast<int64_t>(range->offset - last_offset_);
    put_varint(records_, static_cast<uint64_t>(delta) << 1 ^ static_cast<uint64_t>(delta >> 63));
    put_varint(records_, range->size);
    last_offset_ = range->offset;
  }
  ++size_;
}

SampleMembers ShardIndex::at(uint64_t index) const {
  ARNO_CHECK(index < size_, Errc::invalid_argument, "[shard_index] sample {} of {}", index, size_);
  VarintReader in(std::string_view(records_).substr(record_starts_[index / kStride]));
  uint64_t offset = base_offsets_[index / kStride];
  SampleMembers members;
  for (uint64_t i = index / kStride * kStride; i <= index; ++i) {
    members = {};
    decode_record(in, offset, members);
  }
  return members;
}

void ShardIndex::for_each(const std::function<void(const SampleMembers&)>& visit) const {
  VarintReader in(records_);
  uint64_t offset = 0;
  for (uint64_t i = 0; i < size_; ++i) {
    SampleMembers members;
    decode_record(in, offset, members);
    visit(members);
  }
}

namespace {

/// The bytes of a kept index; none if there is no file that can be read.
std::string read_kept(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  try {
    return read_file(path, kMaxIndexFile);
  } catch (const Error& problem) {
    log::debug("shard_index", "not used: {}", problem.what());
    return {};
  }
}

bool lies_within(SampleMembers members, uint64_t shard_size) {
  return std::ranges::all_of(ranges_of(members), [&](const MemberRange* range) {
    return range->size <= shard_size && range->offset <= shard_size - range->size;
  });
}

void put_u64(std::string& out, uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// The first eight bytes, which must be there.
uint64_t take_u64(std::string_view& in) {
  uint64_t value = 0;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return value;
}

}  // namespace

std::string ShardIndex::to_bytes(const ShardStamp& stamp) const {
  std::string out(kMagic);
  put_u64(out, stamp.size);
  put_u64(out, stamp.version);
  put_u64(out, size_);
  out += records_;
  put_u64(out, hash64(out));
  return out;
}

std::optional<ShardIndex> ShardIndex::from_bytes(std::string_view bytes, const ShardStamp& stamp) {
  constexpr size_t kHead = kMagic.size() + 3 * sizeof(uint64_t);
  if (bytes.size() < kHead + sizeof(uint64_t) || !bytes.starts_with(kMagic)) return std::nullopt;
  std::string_view tail = bytes.substr(bytes.size() - sizeof(uint64_t));
  bytes.remove_suffix(sizeof(uint64_t));
  if (hash64(bytes) != take_u64(tail)) return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  const uint64_t size = take_u64(bytes);
  if (stamp != ShardStamp{size, take_u64(bytes)}) return std::nullopt;
  const uint64_t count = take_u64(bytes);
  ShardIndex out;
  VarintReader in(bytes);
  for (uint64_t i = 0, offset = 0; i < count; ++i) {
    SampleMembers members;
    decode_record(in, offset, members);
    if (!in.ok || !lies_within(members, stamp.size)) return std::nullopt;
    out.append(members);
  }
  return in.at == in.end ? std::optional(std::move(out)) : std::nullopt;
}

ShardIndex ShardIndex::open(const std::filesystem::path& shard) {
  struct stat status {};
  if (stat(shard.c_str(), &status) != 0) detail::fail_errno("shard_index", "measuring", shard);
  const auto time_ns =
      static_cast<uint64_t>(status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
  const ShardStamp stamp{.size = static_cast<uint64_t>(status.st_size),
                         .version = mix64(status.st_ino) + time_ns};
  std::filesystem::path kept = shard;
  kept += ".arnoidx";
  if (auto index = from_bytes(read_kept(kept), stamp)) return std::move(*index);
  ShardIndex index = build(open_file(shard));
  // A shard with faults is read anew each time, so that they are reported each time.
  if (!index.faults_.empty()) return index;
  try {
    write_file_atomically(kept, index.to_bytes(stamp));
  } catch (const Error& error) {
    log::debug("shard_index", "not kept: {}", error.what());
  }
  return index;
}

}  // namespace arno::io
