// SPDX-License-Identifier: Apache-2.0
#include "cli/run_log.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/step_json.h"
#include "common/error.h"
#include "common/log.h"
#include "io/atomic_file.h"

namespace arno::cli {
namespace {

/// The log up to a step. A last line that a crash cut short is dropped too.
std::string lines_until(const std::filesystem::path& path, int64_t step) {
  std::ifstream in(path);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || entry.value("step", int64_t{0}) > step) continue;
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

void RunLog::open(int64_t from_step) {
  // At once: a job killed here must find the earlier steps when it resumes.
  io::write_file_atomically(path_, from_step > 0 ? lines_until(path_, from_step) : "");
  file_.reset(std::fopen(path_.c_str(), "a"));
  ARNO_CHECK(file_, Errc::io_failed, "{}: cannot be written: {}", path_.string(),
             std::strerror(errno));
}

void RunLog::on_step(const graph::StepReport& report) {
  nlohmann::json entry = step_json(report);
  entry["images"] = report.images;
  write(entry.dump() + "\n");
}

void RunLog::on_evaluation(const graph::EvaluationReport& report) {
  nlohmann::json entry{{"step", report.step}, {"evaluation", nlohmann::json::object()}};
  for (const auto& [name, value] : report.figures()) entry["evaluation"][name] = value;
  write(entry.dump() + "\n");
}

void RunLog::write(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size() &&
                       std::fflush(file_.get()) == 0;
  // The curve is a convenience: a full disk stops the checkpointer, not the log.
  if (!written) log::warn("run_log", "{}: {}", path_.string(), std::strerror(errno));
}

}  // namespace arno::cli
