// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "graph/job_observer.h"
#include "io/line_file.h"

namespace arno::cli {

/// Appends every step and evaluation of a job to `<run>/log.jsonl`, one JSON object a line; floats
/// are written so that they read back bit by bit.
class RunLog final : public graph::JobObserver {
 public:
  explicit RunLog(const std::filesystem::path& run) : path_(run / "log.jsonl") {}

  /// Opens the log, before the first report. Lines of steps after `from_step` are dropped: a
  /// resumed job makes those steps again. Throws io_failed.
  void open(int64_t from_step);

  void on_step(const graph::StepReport& report) override;
  void on_evaluation(const graph::EvaluationReport& report) override;

 private:
  std::filesystem::path path_;
  std::optional<io::LineFile> file_;
};

}  // namespace arno::cli
