// SPDX-License-Identifier: Apache-2.0
#include "cli/run_folder.h"

#include "actors/tokenizer/tokenizer.h"
#include "common/error.h"
#include "graph/job_config.h"
#include "io/read_file.h"

namespace arno::cli {
namespace {

/// The vocabulary of the job's tokenizer; empty without one.
std::string vocabulary_in(const std::filesystem::path& job_file) {
  graph::JobConfig job;
  ConfigProblems problems;
  RawConfig::from_file(job_file).read(job, problems);
  throw_if_any(problems);
  for (const auto& entry : job.actors) {
    if (entry.second.kind != actors::tokenizer_kind().name) continue;
    actors::TokenizerOptions options;
    entry.second.options.read(options, problems);
    throw_if_any(problems);
    return options.vocabulary;
  }
  return "";
}

}  // namespace

std::string address_of(const std::string& job, const char* file) {
  constexpr size_t kLongest = 300;
  std::error_code ignored;
  if (!std::filesystem::is_directory(job, ignored)) {
    ARNO_CHECK(job.find(':') != std::string::npos, Errc::invalid_argument,
               "found neither a folder nor host:port, expected the folder of a run, or where its "
               "job listens");
    return job;
  }
  const std::filesystem::path path = std::filesystem::path(job) / file;
  ARNO_CHECK(std::filesystem::exists(path, ignored), Errc::io_failed,
             "found no {}, expected the folder of a job that runs and listens", file);
  std::string out = io::read_file(path, kLongest);
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  return out;
}

std::string vocabulary_of(const std::filesystem::path& checkpoint, const std::string& given) {
  if (!given.empty()) return given;
  // The run's folder is the checkpoint itself or two folders above (run/checkpoints/step-...).
  const std::filesystem::path absolute = std::filesystem::absolute(checkpoint);
  for (std::filesystem::path folder = absolute; folder.has_relative_path();
       folder = folder.parent_path()) {
    if (!std::filesystem::exists(folder / "job.yaml")) continue;
    const std::string found = vocabulary_in(folder / "job.yaml");
    if (!found.empty()) return found;
  }
  fail(Errc::invalid_argument, "{}: no job.yaml with a tokenizer in its run; name --vocabulary",
       checkpoint.string());
}

}  // namespace arno::cli
