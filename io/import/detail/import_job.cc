// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/import_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <unordered_set>
#include <utility>

#include "common/error.h"
#include "common/hash.h"
#include "io/atomic_file.h"
#include "io/import/detail/manifest.h"
#include "io/tar_writer.h"
#include "io/text_clean.h"
#include "io/utf8.h"

namespace arno::io::detail {

namespace fs = std::filesystem;

namespace {

void check_options(const ImportOptions& options) {
  ARNO_CHECK(!options.out.empty(), Errc::invalid_argument, "[import] no output folder was given");
  ARNO_CHECK(options.samples_per_shard >= 1 && options.max_samples >= 0, Errc::invalid_argument,
             "[import] samples_per_shard is {} and max_samples is {}, expected >= 1 and >= 0",
             options.samples_per_shard, options.max_samples);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  ARNO_CHECK(!error, Errc::io_failed, "[import] folder {} could not be made: {}", folder.string(),
             error.message());
}

/// Removes the shards of an earlier import with the same name.
void remove_shards(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".tar")) old.push_back(entry.path());
  }
  for (const fs::path& path : old) fs::remove(path);
}

std::string describe(const ImportSource& source, const ImportSample& sample) {
  const nlohmann::ordered_json json = {{"texts", sample.texts},
                                       {"source", source.name},
                                       {"file", sample.file},
                                       {"licence", source.licence}};
  return json.dump();
}

bool has_letter_or_digit(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    if (is_letter(point.value) || is_number(point.value)) return true;
    at += point.size;
  }
  return false;
}

}  // namespace

/// The shards of one split; a shard is open while it takes samples.
class ImportJob::Split {
 public:
  Split(const ImportSource& source, const ImportOptions& options, std::string name)
      : options_(options), prefix_(fmt::format("{}-{}-", source.name, name)) {
    report_.name = std::move(name);
    const fs::path folder = options.out / report_.name;
    make_folder(folder);
    remove_shards(folder, prefix_);
    if (source.class_names.empty()) return;
    std::string lines;
    for (const std::string& class_name : source.class_names) lines += class_name + "\n";
    write_file_atomically(folder / "classnames.txt", lines);
  }

  const SplitReport& report() const { return report_; }

  void add(const ImportSource& source, const ImportSample& sample) {
    if (!shard_) open();
    put(sample.key + ".png", sample.png);
    put(sample.key + ".txt", sample.texts.front());
    put(sample.key + ".json", describe(source, sample));
    if (sample.class_id) put(sample.key + ".cls", std::to_string(*sample.class_id));
    ++report_.samples;
    if (report_.samples % options_.samples_per_shard == 0) close();
  }

  void close() {
    if (!shard_) return;
    shard_->finish();
    shard_.reset();
    const auto size = static_cast<int64_t>(fs::file_size(options_.out / shard_name_));
    shards_[shard_name_] = size;
    report_.bytes += size;
  }

  const std::map<std::string, int64_t>& shards() const { return shards_; }

 private:
  void open() {
    shard_name_ = fmt::format("{}/{}{:06}.tar", report_.name, prefix_, report_.shards++);
    shard_.emplace(options_.out / shard_name_);
  }

  void put(const std::string& name, std::string_view bytes) {
    shard_->add(name, std::as_bytes(std::span(bytes)));
  }

  const ImportOptions& options_;
  std::string prefix_;
  SplitReport report_;
  std::string shard_name_;
  std::optional<TarWriter> shard_;
  std::map<std::string, int64_t> shards_;
};

ImportJob::ImportJob(const ImportSource& source, const ImportOptions& options)
    : source_(source), options_(options) {
  report_.importer = source.name;
  for (const std::string& name : source.splits) {
    splits_[name] = std::make_unique<Split>(source, options, name);
  }
}

ImportJob::~ImportJob() = default;

ImportJob::Split& ImportJob::split(const std::string& name) const { return *splits_.at(name); }

void ImportJob::add(const std::string& name, const ImportSample& sample) {
  if (is_full(name)) return;
  ARNO_CHECK(!sample.texts.empty(), Errc::invalid_argument, "[import] sample {} has no text",
             sample.key);
  ARNO_CHECK(keys_.insert(hash128(sample.key)).second, Errc::invalid_argument,
             "[import] two samples have the key {}", sample.key);
  split(name).add(source_, sample);
  count_texts(sample.texts);
}

bool ImportJob::is_full(const std::string& name) const {
  return options_.max_samples > 0 && split(name).report().samples >= options_.max_samples;
}

bool ImportJob::is_full() const {
  return std::all_of(splits_.begin(), splits_.end(),
                     [this](const auto& entry) { return is_full(entry.first); });
}

void ImportJob::drop(const std::string& cause, int64_t count) {
  if (count > 0) report_.dropped[cause] += count;
}

void ImportJob::count_texts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const int64_t pictures = ++pictures_by_text_[hash128(normalize_text(text))];
    ++report_.texts;
    if (pictures == 1) ++report_.unique_texts;
    if (pictures == 2) ++report_.shared_texts;
  }
}

ImportReport ImportJob::finish() {
  for (const std::string& name : source_.splits) {
    Split& part = split(name);
    part.close();
    shards_.insert(part.shards().begin(), part.shards().end());
    report_.splits.push_back(part.report());
  }
  return report_;
}

ImportReport run_import(const ImportSource& source, const ImportOptions& options,
                        const InputFiles& inputs, const std::function<void(ImportJob&)>& fill) {
  check_options(options);
  const fs::path path = options.out / (source.name + ".manifest.json");
  const std::string fingerprint =
      hash128(fmt::format("{} {} {} {}", source.version, inputs.fingerprint(),
                          options.samples_per_shard, options.max_samples))
          .to_string();
  if (auto report = read_manifest(path, fingerprint)) return *report;

  make_folder(options.out);
  fs::remove(path);
  ImportJob job(source, options);
  fill(job);
  const ImportReport report = job.finish();
  write_manifest(path, fingerprint, report, job.shards());
  return report;
}

std::vector<std::string> distinct_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> kept;
  std::unordered_set<std::string> seen;
  for (const std::string& text : texts) {
    std::string clean = clean_text(text);
    if (!has_letter_or_digit(clean) || !seen.insert(normalize_text(clean)).second) continue;
    kept.push_back(std::move(clean));
  }
  return kept;
}

int percentile_of(std::string_view text) { return static_cast<int>(hash64(text) % 100); }

void shuffle_by_hash(std::vector<std::string>& keys) {
  std::sort(keys.begin(), keys.end(), [](const std::string& a, const std::string& b) {
    return std::pair(hash64(a), std::string_view(a)) < std::pair(hash64(b), std::string_view(b));
  });
}

}  // namespace arno::io::detail
