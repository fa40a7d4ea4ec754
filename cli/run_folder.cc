// SPDX-License-Identifier: Apache-2.0
#include "cli/run_folder.h"

#include <fmt/format.h>

#include <map>

#include "actors/shard_reader/shard_reader.h"
#include "actors/tokenizer/tokenizer.h"
#include "common/error.h"
#include "io/read_file.h"

namespace arno::cli {
namespace {

graph::JobConfig read_job(const std::filesystem::path& job_file) {
  graph::JobConfig job;
  ConfigProblems problems;
  RawConfig::from_file(job_file).read(job, problems);
  throw_if_any(problems);
  return job;
}

/// What decides which sample a slot holds and what is learnt from it: texts by their keys.
std::map<std::string, std::string> course_of(const graph::JobConfig& job) {
  std::map<std::string, std::string> out{{"seed", fmt::to_string(job.seed)},
                                         {"training", to_yaml(job.training)}};
  ConfigProblems problems;
  for (const auto& [name, actor] : job.actors) {
    if (actor.kind != actors::shard_reader_kind().name) continue;
    actors::ShardReaderOptions options;
    actor.options.read(options, problems);
    std::string& sources = out[fmt::format("actors.{}.options.sources", name)];
    for (const actors::SourceOptions& source : options.sources) sources += to_yaml(source);
  }
  throw_if_any(problems);
  return out;
}

/// The vocabulary of the job's tokenizer; empty without one.
std::string vocabulary_in(const std::filesystem::path& job_file) {
  const graph::JobConfig job = read_job(job_file);
  ConfigProblems problems;
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
             "no job runs there, or it does not listen: found no {}, expected the folder of a job "
             "that runs and listens",
             file);
  std::string out = io::read_file(path, kLongest);
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  return out;
}

void check_same_course(const graph::JobConfig& job, const std::filesystem::path& output,
                       const std::string& file) {
  const std::filesystem::path made_with = output / "job.yaml";
  if (!std::filesystem::exists(made_with)) return;
  const std::map<std::string, std::string> now = course_of(job);
  const std::map<std::string, std::string> then = course_of(read_job(made_with));
  std::vector<std::string> different;
  for (const auto& [key, text] : now) {
    const auto same = then.find(key);
    if (same == then.end() || same->second != text) different.push_back(key);
  }
  for (const auto& [key, text] : then) {
    if (!now.contains(key)) different.push_back(key);
  }
  ARNO_CHECK(
      different.empty(), Errc::config_invalid,
      "{}: differs from {} in {}; that file says what the run holds, with what was attached: "
      "resume with it, changed where a change is meant",
      file, made_with.string(), fmt::join(different, ", "));
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
