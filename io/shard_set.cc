// SPDX-License-Identifier: Apache-2.0
#include "io/shard_set.h"

#include <algorithm>
#include <charconv>
#include <list>
#include <mutex>
#include <sstream>

#include "common/error.h"
#include "common/log.h"
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
  };

  std::vector<Shard> shards;
  uint64_t samples = 0;
  std::vector<uint64_t> long_texts;  ///< numbers of the samples with a long text
  std::vector<std::string> class_names;
  mutable FileCache files;

  const Shard& shard_of(uint64_t index) const {
    const auto after = std::ranges::upper_bound(shards, index, {}, &Shard::first);
    return *std::prev(after);
  }

  void add(const std::filesystem::path& path) {
    Shard shard{.path = path, .index = ShardIndex::open(path), .first = samples};
    if (shard.index.size() == 0) log::warn("shards", "{} holds no sample", path.string());
    if (!shard.index.faults().empty()) {
      log::warn("shards", "{}: {}; {} samples before it are used", path.string(),
                shard.index.fault_text(), shard.index.size());
    }
    for (uint64_t i = 0; i < shard.index.size(); ++i) {
      if (shard.index.at(i).has_long_text) long_texts.push_back(samples + i);
    }
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
  // An empty shard shares its first number with the next one: it must not be found by it.
  std::erase_if(impl->shards, [](const Impl::Shard& shard) { return shard.index.size() == 0; });
  ARNO_CHECK(impl->samples > 0, Errc::data_corrupt, "[shards] {} files hold no sample: {}",
             paths.size(), fmt::join(patterns, ", "));
  impl->class_names = read_class_names(paths.front().parent_path());
  return std::shared_ptr<const ShardSet>(new ShardSet(std::move(impl)));
}

uint64_t ShardSet::size() const { return impl_->samples; }
uint64_t ShardSet::long_text_count() const { return impl_->long_texts.size(); }
uint64_t ShardSet::long_text_sample(uint64_t k) const { return impl_->long_texts.at(k); }
const std::vector<std::string>& ShardSet::class_names() const { return impl_->class_names; }

std::vector<ShardSet::ShardInfo> ShardSet::shards() const {
  std::vector<ShardInfo> out;
  for (const Impl::Shard& shard : impl_->shards) {
    out.push_back({.path = shard.path,
                   .samples = shard.index.size(),
                   .bytes = std::filesystem::file_size(shard.path),
                   .faults = shard.index.faults()});
  }
  return out;
}

std::variant<RawSample, SampleFault> ShardSet::read(uint64_t index) const {
  ARNO_CHECK(index < size(), Errc::invalid_argument, "[shards] sample {} of {}", index, size());
  const Impl::Shard& shard = impl_->shard_of(index);
  const SampleMembers members = shard.index.at(index - shard.first);
  const uint64_t offset = std::max(
      {members.image.offset, members.text.offset, members.json.offset, members.label.offset});
  RawSample sample{.name = fmt::format("{}:{}", shard.path.filename().string(), offset)};
  const auto fault = [&](std::string cause, std::string detail) {
    return SampleFault{sample.name, std::move(cause), std::move(detail)};
  };
  if (!members.image.present()) return fault("no_image", "the sample has no image");
  if (members.image.size > kMaxMember || members.text.size > kMaxText ||
      members.json.size > kMaxText || members.label.size > kMaxText) {
    return fault("too_large", "a member is larger than is read");
  }
  const auto file =
      impl_->files.get(shard.path, static_cast<size_t>(&shard - impl_->shards.data()));
  std::string text, json, label;
  if (!read_range(*file, members.image, sample.image) || !read_range(*file, members.text, text) ||
      !read_range(*file, members.json, json) || !read_range(*file, members.label, label)) {
    return fault("short_read", "the shard is shorter than when it was indexed");
  }
  if (members.label.present()) {
    sample.label = parse_label(label);
    if (!sample.label) return fault("bad_label", "the class is not a whole number >= 0");
  }
  std::string problem;
  sample.texts = texts_of(text, json, problem);
  if (sample.texts.empty() && sample.label &&
      static_cast<size_t>(*sample.label) < class_names().size()) {
    sample.texts.push_back(class_names()[static_cast<size_t>(*sample.label)]);
  }
  if (sample.texts.empty()) {
    return fault(problem.empty() ? "no_text" : problem, "the sample has no usable text");
  }
  return sample;
}

}  // namespace arno::io
