// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <functional>

#include "tests/cli/process.h"
#include "tests/support/tiny_shards.h"

namespace arno::cli {

/// A job of 12 steps of 8 images at 32 pixels (unless it says otherwise), as a real process would
/// run it.
struct TinyJob {
  std::string shards;  ///< a YAML list; empty: the fixture's shards
  int steps = 12;
  std::string stages;  ///< a YAML list; empty: one stage of `steps`
  int batch_size = 8;
  int replicas = 1;  ///< of decoders and augmenters
  int projection = 16;
  int checkpoint_every = 4;
  std::string monitoring = "enabled: false";
  int model_replicas = 1;     ///< of the model shard and its loss
  std::string model_options;  ///< more of them, a part of a YAML flow map: "zero: 3"
  std::string more_actors;    ///< lines of YAML
  std::string more_edges;     ///< likewise
};

/// Tests that run `arno` on two small shards and a vocabulary learnt from them.
class JobTest : public ::testing::Test {
 protected:
  JobTest();

  Finished arno(const std::vector<std::string>& args, int64_t file_kib = 0);
  /// The actor and the edges that join replicas to groups; for one, nothing.
  static std::string group_actor(const TinyJob& tiny);
  static std::string group_edges(const TinyJob& tiny);
  /// The options of the model and of how it is trained, a part of a YAML flow map.
  static std::string trainer_options(const TinyJob& tiny);
  /// Writes a job file; returns its path.
  std::string job(const TinyJob& tiny = {});
  Finished run(const std::string& job_file, const std::string& output, bool resume = false);
  /// Lets a run of 4 steps go on to so many; returns the path of its job file.
  std::string train_on(const std::string& output, int steps);
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// A file of a run's folder.
  std::string file(const std::string& output, const std::string& name) const;
  std::string log(const std::string& output) const { return file(output, "log.jsonl"); }
  std::vector<std::string> log_lines(const std::string& output) const;
  /// Those of steps. Those of evaluations come between them, whenever they are ready.
  std::vector<std::string> step_lines(const std::string& output) const;
  /// How many steps are in a run's log.
  int64_t logged_steps(const std::string& output) const;
  /// The losses of a run, step by step.
  std::vector<double> losses(const std::string& output) const;
  std::string final_weights(const std::string& output) const {
    return file(output, "checkpoints/step-00000012/weights.safetensors");
  }
  /// Polls until the condition holds; false when the process ended before that.
  static bool wait_until(Process& process, const std::function<bool()>& condition);
  /// Polls `arno status` until it shows this. A job is looked at twice a second, so the status that
  /// is told may be older than a change.
  void wait_for_status(Process& process, const std::string& output,
                       const ::testing::Matcher<std::string>& wanted);

  io::TemporaryFolder folder_;
  ProcessOptions here_;  ///< of what arno() starts
  int jobs_ = 0;
};

}  // namespace arno::cli
