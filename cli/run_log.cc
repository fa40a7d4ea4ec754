// SPDX-License-Identifier: Apache-2.0
#include "cli/run_log.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/step_json.h"
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
  file_.emplace(path_, "run_log");
}

void RunLog::on_step(const graph::StepReport& report) {
  nlohmann::json entry = step_json(report);
  entry["images"] = report.images;
  file_->add(entry.dump());
}

void RunLog::on_evaluation(const graph::EvaluationReport& report) {
  nlohmann::json entry{{"step", report.step}, {"evaluation", nlohmann::json::object()}};
  for (const auto& [name, value] : report.figures()) entry["evaluation"][name] = value;
  file_->add(entry.dump());
}

}  // namespace arno::cli
