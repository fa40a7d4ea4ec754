// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "actors/items.h"
#include "graph/actor_kind.h"
#include "io/tar_writer.h"

namespace arno::actors {

/// Where samples are kept, and how many.
struct RecorderOptions {
  std::string folder;      ///< of the shards; empty: "recorded" in the job's folder
  int64_t samples = 1000;  ///< after so many nothing more is kept
  int64_t every = 1;       ///< of this many samples that come, one is kept

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Keeps samples as the model sees them in a tar shard, for a person to look at: SLOT.png, SLOT.txt
/// and SLOT.json (slot, step from 1, number of the data source). Each recorder of a folder writes a
/// shard of its own, NNNNNN.tar, which appears when it is full or the recorder ends.
class Recorder final : public graph::Stage {
 public:
  enum Input { kSamples };

  Recorder(const RecorderOptions& options, const graph::StageContext& context);
  ~Recorder() override;

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  void on_end(graph::Outbox& out) override;

 private:
  void keep(const PromptedItem& sample);
  void close();

  RecorderOptions options_;
  graph::StageContext context_;
  std::filesystem::path folder_;
  std::filesystem::path path_;  ///< of the shard
  std::optional<io::TarWriter> shard_;
  int64_t seen_ = 0;
  int64_t kept_ = 0;
};

/// Input: samples with their prompt. No output; blocks on the disk, so it is detached.
graph::ActorKind recorder_kind();

}  // namespace arno::actors
