// SPDX-License-Identifier: Apache-2.0
#include "io/shard_set.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <list>
#include <mutex>
#include <sstream>

#include "common/error.h"
#include "common/log.h"
#include "io/detail/bit_rank.h"
#include "io/read_file.h"
#include "io/url_list.h"
#include "io/utf8.h"

namespace arno::io {
namespace {

constexpr uint64_t kMaxMember = uint64_t{1} << 30;
constexpr uint64_t kMaxText = uint64_t{1} << 20;

/// Keeps the files used last open.
class FileCache {
 public:
  std::shared_ptr<const ByteSource> get(const std::filesystem::path& path, size_t shard) {
    const std::scoped_lock lock(mutex_);
    auto found = std::ranges::find(recent_, shard, &Entry::shard);
    if (found != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, found);
    } else {
      recent_.push_front({shard, open_file(path)});
      if (recent_.size() > ShardSet::kMaxOpenFiles) recent_.pop_back();
    }
    return recent_.front().file;
  }

 private:
  struct Entry {
    size_t shard;
    std::shared_ptr<const ByteSource> file;
  };
  std::mutex mutex_;
  std::list<Entry> recent_;
};

std::vector<std::string> read_class_names(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "classnames.txt";
  if (!std::filesystem::exists(path)) return {};
  std::istringstream lines(read_file(path, kMaxText));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    ARNO_CHECK(is_valid_utf8(line) && !line.empty(), Errc::data_corrupt,
               "{}:{}: found an empty or non-UTF-8 line, expected a class name", path.string(),
               names.size() + 1);
    names.push_back(line);
  }
  return names;
}

}  // namespace

struct ShardSet::Impl {
  struct Shard {
    std::filesystem::path path;
    ShardIndex index;
    uint64_t first = 0;  ///< number of its first sample
    uint64_t bytes = 0;
  };

  std::vector<Shard> shards;
  uint64_t samples = 0;
  detail::BitRank long_texts;  ///< by sample
  std::vector<std::string> class_names;
  mutable FileCache files;

  /// Of shards with the same first number only the last has samples.
  const Shard& shard_of(uint64_t index) const {
    const auto after = std::ranges::upper_bound(shards, index, {}, &Shard::first);
    return *std::prev(after);
  }

  void add(const std::filesystem::path& path) {
    Shard shard{.path = path,
                .index = ShardIndex::open(path),
                .first = samples,
                .bytes = std::filesystem::file_size(path)};
    if (shard.index.size() == 0) log::warn("shards", "{} holds no sample", path.string());
    if (!shard.index.faults().empty()) {
      log::warn("shards", "{}: {}; {} samples before it are used", path.string(),
                shard.index.fault_text(), shard.index.size());
    }
    shard.index.for_each(
        [&](const SampleMembers& members) { long_texts.push_back(members.has_long_text); });
    samples += shard.index.size();
    shards.push_back(std::move(shard));
  }
};

namespace {

/// Reads a member; false when the file is shorter than its index says.
template <class Bytes>
bool read_range(const ByteSource& file, MemberRange range, Bytes& out) {
  out.resize(range.size);
  return file.read_at(range.offset, std::as_writable_bytes(std::span(out))) == range.size;
}

struct MemberBytes {
  std::vector<std::byte> image;
  std::string text, json, label;
};

bool read_members(const ByteSource& file, const SampleMembers& members, MemberBytes& out) {
  return read_range(file, members.image, out.image) && read_range(file, members.text, out.text) &&
         read_range(file, members.json, out.json) && read_range(file, members.label, out.label);
}

uint64_t last_offset(const SampleMembers& members) {
  return std::max(
      {members.image.offset, members.text.offset, members.json.offset, members.label.offset});
}

std::optional<int64_t> parse_label(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  int64_t label = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), label);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && !text.empty() && label >= 0 ? std::optional(label) : std::nullopt;
}

}  // namespace

ShardSet::ShardSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ShardSet::~ShardSet() = default;

std::shared_ptr<const ShardSet> ShardSet::open(const std::vector<std::string>& patterns) {
  auto impl = std::make_unique<Impl>();
  const std::vector<std::filesystem::path> paths = expand_urls(patterns);
  for (const std::filesystem::path& path : paths) impl->add(path);
  ARNO_CHECK(impl->samples > 0, Errc::data_corrupt, "[shards] {} files hold no sample: {}",
             paths.size(), fmt::join(patterns, ", "));
  impl->class_names = read_class_names(paths.front().parent_path());
  return std::shared_ptr<const ShardSet>(new ShardSet(std::move(impl)));
}

uint64_t ShardSet::size() const { return impl_->samples; }
uint64_t ShardSet::long_text_count() const { return impl_->long_texts.count(); }
uint64_t ShardSet::long_text_sample(uint64_t k) const { return impl_->long_texts.select(k); }
const std::vector<std::string>& ShardSet::class_names() const { return impl_->class_names; }

std::vector<ShardSet::ShardInfo> ShardSet::shards() const {
  std::vector<ShardInfo> out;
  for (const Impl::Shard& shard : impl_->shards) {
    out.push_back({.path = shard.path,
                   .samples = shard.index.size(),
                   .bytes = shard.bytes,
                   .faults = shard.index.faults()});
  }
  return out;
}

std::variant<RawSample, SampleFault> ShardSet::read(uint64_t index) const {
  ARNO_CHECK(index < size(), Errc::invalid_argument, "[shards] sample {} of {}", index, size());
  const Impl::Shard& shard = impl_->shard_of(index);
  const SampleMembers members = shard.index.at(index - shard.first);
  const std::string name =
      fmt::format("{}:{}", shard.path.filename().string(), last_offset(members));
  const auto fault = [&](std::string cause, std::string detail) {
    return SampleFault{name, std::move(cause), std::move(detail)};
  };
  if (!members.image.present()) return fault("no_image", "the sample has no image");
  if (members.image.size > kMaxMember || members.text.size > kMaxText ||
      members.json.size > kMaxText || members.label.size > kMaxText) {
    return fault("too_large", "a member is larger than is read");
  }
  MemberBytes bytes;
  try {
    const auto file =
        impl_->files.get(shard.path, static_cast<size_t>(&shard - impl_->shards.data()));
    if (!read_members(*file, members, bytes)) {
      return fault("short_read", "the shard is shorter than when it was indexed");
    }
  } catch (const Error& error) {
    return fault("read_failed", error.what());
  }
  RawSample sample{.name = name, .image = std::move(bytes.image)};
  if (members.label.present() && !(sample.label = parse_label(bytes.label))) {
    return fault("bad_label", "the class is not a whole number >= 0");
  }
  std::string problem;
  sample.texts = texts_of(bytes.text, bytes.json, problem);
  if (sample.texts.empty() && sample.label) add_class_name(*sample.label, sample.texts);
  if (sample.texts.empty()) {
    return fault(problem.empty() ? "no_text" : problem, "the sample has no usable text");
  }
  return sample;
}

void ShardSet::add_class_name(int64_t label, std::vector<std::string>& texts) const {
  const auto place = static_cast<size_t>(label);
  if (place < class_names().size()) texts.push_back(class_names()[place]);
}

}  // namespace arno::io
