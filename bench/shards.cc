// SPDX-License-Identifier: Apache-2.0

// Opens many sources and shards, as a job does, and reads samples in the order of training,
// without decoding them. Writes the shards into a folder first when they are not there: always the
// same number of samples in all. Prints {"open_seconds": ..., "rates": [...]}, the rates in samples
// a second.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "actors/shard_reader/sample_order.h"
#include "common/error.h"
#include "common/stop_watch.h"
#include "io/tar_writer.h"

namespace {

using namespace arno;
namespace fs = std::filesystem;

constexpr int64_t kSamples = 40000;
constexpr size_t kImageBytes = 1024;

struct Options {
  std::string folder;
  int64_t sources = 1;
  int64_t shards = 10;  // over all sources
  int64_t reads = 20000;
  int repeats = 3;
};

fs::path source_folder(const Options& o, int64_t source) {
  return fs::path(o.folder) / fmt::format("{}-of-{}-with-{}", source, o.sources, o.shards);
}

/// Shards that a source has when `total` are dealt out evenly.
int64_t part_of(int64_t total, int64_t parts, int64_t part) {
  return total * (part + 1) / parts - total * part / parts;
}

void write_shard(const fs::path& path, int64_t samples) {
  io::TarWriter tar(path);
  const std::vector<std::byte> image(kImageBytes, std::byte{0x5a});
  for (int64_t i = 0; i < samples; ++i) {
    tar.add(fmt::format("{:06}.jpg", i), image);
    tar.add(fmt::format("{:06}.txt", i), "a photograph of number " + std::to_string(i));
  }
  tar.finish();
}

void write_missing(const Options& o) {
  for (int64_t source = 0; source < o.sources; ++source) {
    const fs::path folder = source_folder(o, source);
    if (fs::exists(folder)) continue;
    const fs::path unfinished = folder.string() + ".part";
    fs::create_directories(unfinished);
    const int64_t shards = part_of(o.shards, o.sources, source);
    const int64_t samples = part_of(kSamples, o.sources, source);
    for (int64_t i = 0; i < shards; ++i) {
      write_shard(unfinished / fmt::format("{:06}.tar", i), part_of(samples, shards, i));
    }
    fs::rename(unfinished, folder);
  }
}

std::vector<std::shared_ptr<const io::ShardSet>> open_all(const Options& o) {
  std::vector<std::shared_ptr<const io::ShardSet>> out;
  for (int64_t source = 0; source < o.sources; ++source) {
    out.push_back(io::ShardSet::open({source_folder(o, source).string()}));
  }
  return out;
}

void measure(const Options& o) {
  write_missing(o);
  open_all(o);  // makes the indices that a job finds on its second start
  StopWatch watch;
  const auto sources = open_all(o);
  const double open_seconds = watch.lap();
  const florence::TrainingConfig training{
      .batch_size = 1, .stages = {{.steps = o.reads * o.repeats, .resolution = 224}}};
  std::vector<actors::OrderedSource> ordered;
  for (const auto& source : sources) ordered.push_back({.samples = source});
  const actors::SampleOrder order(std::move(ordered), training, 1);
  std::vector<double> rates;
  uint64_t slot = 0;
  for (int repeat = 0; repeat < o.repeats; ++repeat) {
    watch.lap();
    for (int64_t i = 0; i < o.reads; ++i) {
      const actors::SlotContent content = order.at(slot++, 0);
      const auto sample = sources[content.source]->read(content.index);
      ARNO_CHECK(std::holds_alternative<io::RawSample>(sample), Errc::data_corrupt,
                 "[shards] sample {} of source {} cannot be read", content.index, content.source);
    }
    rates.push_back(static_cast<double>(o.reads) / watch.lap());
  }
  fmt::print("{{\"open_seconds\": {}, \"rates\": [{}]}}\n", open_seconds, fmt::join(rates, ", "));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Reads samples of many sources and shards.");
  Options options;
  app.add_option("folder", options.folder)->required();
  app.add_option("--sources", options.sources)->check(CLI::PositiveNumber);
  app.add_option("--shards", options.shards, "over all sources")->check(CLI::PositiveNumber);
  app.add_option("--reads", options.reads);
  app.add_option("--repeats", options.repeats);
  CLI11_PARSE(app, argc, argv);
  try {
    measure(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shards: {}\n", error.what());
    return 1;
  }
  return 0;
}
