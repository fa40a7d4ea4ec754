// SPDX-License-Identifier: Apache-2.0
#include "florence/training/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "common/error.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"

namespace arno::florence {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kUnfinished = ".unfinished-";
constexpr const char* kWeights = "weights.safetensors";
constexpr const char* kOptimizer = "optimizer.safetensors";

std::filesystem::path folder_of(const std::filesystem::path& run) { return run / "checkpoints"; }

std::vector<io::StoredTensor> stored(const std::vector<NamedTensor>& tensors) {
  std::vector<io::StoredTensor> out;
  for (const NamedTensor& tensor : tensors) out.push_back({tensor.name, tensor.value});
  return out;
}

std::vector<NamedTensor> named(io::TensorFile file) {
  std::vector<NamedTensor> out;
  for (io::StoredTensor& tensor : file.tensors) {
    out.push_back({std::move(tensor.name), std::move(tensor.value)});
  }
  return out;
}

/// What a number in the metadata may be; the limits are those of a training stage.
struct Range {
  int64_t min;
  int64_t max;
};
constexpr Range kSteps{0, std::numeric_limits<int64_t>::max()};
constexpr Range kResolutions{32, 4096};
constexpr Range kWindows{1, 64};

int64_t number_in(const io::TensorFile& file, const std::string& key, Range range,
                  const std::filesystem::path& path) {
  const auto found = file.metadata.find(key);
  const std::string text = found == file.metadata.end() ? "" : found->second;
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool valid = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
                     value >= range.min && value <= range.max;
  ARNO_CHECK(valid, Errc::data_corrupt,
             "{}: \"{}\" in its metadata is \"{}\", expected a number from {} to {}", path.string(),
             key, text, range.min, range.max);
  return value;
}

Snapshot read_weights(const std::filesystem::path& path) {
  io::TensorFile file = io::read_safetensors(path);
  Snapshot out{.step = number_in(file, "step", kSteps, path),
               .resolution = number_in(file, "resolution", kResolutions, path),
               .window = number_in(file, "window", kWindows, path),
               .model_yaml = file.metadata["model"]};
  out.weights = named(std::move(file));
  return out;
}

/// Removes a folder of ours; failures leave it for the next time.
void remove_quietly(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace

std::filesystem::path save_checkpoint(const std::filesystem::path& run, const Snapshot& snapshot) {
  const std::filesystem::path name =
      folder_of(run) / fmt::format("{}{:08}", kPrefix, snapshot.step);
  const std::filesystem::path unfinished =
      folder_of(run) / fmt::format("{}{:08}", kUnfinished, snapshot.step);
  try {
    std::filesystem::remove_all(unfinished);
    if (std::filesystem::exists(name)) return name;
    std::filesystem::create_directories(unfinished);
    io::write_safetensors(unfinished / kWeights, stored(snapshot.weights),
                          {{"step", std::to_string(snapshot.step)},
                           {"resolution", std::to_string(snapshot.resolution)},
                           {"window", std::to_string(snapshot.window)},
                           {"model", snapshot.model_yaml},
                           {"format", "pt"}});
    io::write_safetensors(unfinished / kOptimizer, stored(snapshot.optimizer));
    std::filesystem::rename(unfinished, name);
    io::sync_folder(folder_of(run));
  } catch (const std::filesystem::filesystem_error& error) {
    remove_quietly(unfinished);
    fail(Errc::io_failed, "[checkpoint] {}: {}", name.string(), error.code().message());
  } catch (const Error&) {
    remove_quietly(unfinished);
    throw;
  }
  return name;
}

std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& run) {
  std::vector<CheckpointEntry> out;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(run), missing)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !entry.is_directory(missing)) continue;
    int64_t step = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, step);
    if (parsed.ec == std::errc() && parsed.ptr == end) out.push_back({step, entry.path()});
  }
  std::ranges::sort(out, {}, &CheckpointEntry::step);
  return out;
}

std::optional<CheckpointEntry> newest_checkpoint(const std::filesystem::path& run) {
  const std::vector<CheckpointEntry> all = list_checkpoints(run);
  return all.empty() ? std::nullopt : std::optional(all.back());
}

void prune_checkpoints(const std::filesystem::path& run, int64_t keep) {
  const std::vector<CheckpointEntry> all = list_checkpoints(run);
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i) remove_quietly(all[i].path);
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(run), missing)) {
    if (entry.path().filename().string().starts_with(kUnfinished)) remove_quietly(entry.path());
  }
}

Snapshot load_checkpoint(const std::filesystem::path& folder) {
  Snapshot out = read_weights(folder / kWeights);
  out.optimizer = named(io::read_safetensors(folder / kOptimizer));
  return out;
}

Snapshot load_weights(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path)) return read_weights(path);
  if (std::filesystem::exists(path / kWeights)) return read_weights(path / kWeights);
  const auto newest = newest_checkpoint(path);
  ARNO_CHECK(newest, Errc::io_failed,
             "{}: holds no checkpoint; expected a run's folder, a checkpoint's folder or a "
             "weights.safetensors file",
             path.string());
  return read_weights(newest->path / kWeights);
}

}  // namespace arno::florence
