// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "cli/monitor/activity.h"
#include "cli/monitor/history.h"
#include "cli/monitor/recent.h"
#include "graph/job.h"
#include "graph/job_observer.h"

namespace arno::cli {

/// Something that happened to a job.
struct LoggedEvent {
  int64_t id = 0;  ///< from 1
  double at = 0;   ///< seconds since 1970
  graph::JobEvent event;
};

/// Keeps what the monitoring port tells of a job (docs/monitoring.md), in bounded memory. All its
/// replies are JSON. Thread-safe.
class JobMonitor final : public graph::JobObserver {
 public:
  /// `node`: name of this process in the job.
  JobMonitor(graph::Plan plan, std::string node);

  void on_step(const graph::StepReport& report) override;
  void on_evaluation(const graph::EvaluationReport& report) override;
  void on_checkpoint(int64_t step, const std::string& path) override;
  void on_source(const graph::SourceReport& report) override;
  void on_event(const graph::JobEvent& event) override;
  bool wants_sample() override;
  void on_sample(const graph::SampleReport& report) override;

  /// Looks at a running job from now on, until end(); the job outlives that.
  void watch(const graph::Job& job);
  /// The job has ended, and stands there.
  void end(const graph::JobResult& result, graph::JobStatus last = {});
  /// What the job does now: one of kJobPhases.
  std::string phase() const;
  const std::string& job() const { return job_; }
  const std::string& node() const { return node_; }
  /// The other nodes of the job that are there, with the "host:port" of their metrics.
  std::map<std::string, std::string> nodes() const;

  std::string state() const;
  std::string history(int64_t after_step) const;
  std::string samples() const;
  std::string evaluation() const;
  std::string events(int64_t after_id) const;

 private:
  void add_look(double at, graph::JobStatus status);

  struct Checkpoint {
    int64_t step = 0;
    double at = 0;
  };
  struct Progress {
    int64_t step = 0;
    int64_t images = 0;  ///< in all
  };

  nlohmann::json training() const;
  void log_event(const std::string& kind, const std::string& actor, const std::string& text);

  const std::string job_;
  const std::string node_;
  const double started_at_;
  mutable std::mutex mutex_;
  std::string phase_ = "starting";
  std::string error_;
  graph::Plan plan_;                              ///< of the graph as it is
  std::shared_ptr<const graph::Plan> looked_at_;  ///< the plan of the last look
  std::vector<graph::NodeStatus> nodes_;
  ActivityWindow window_;
  History history_;
  std::optional<graph::StepReport> last_step_;
  int64_t images_ = 0;
  Recent<Progress> progress_;
  std::vector<graph::SourceReport> sources_;  ///< by index
  std::optional<Checkpoint> checkpoint_;
  std::deque<nlohmann::json> samples_;  ///< newest first
  nlohmann::json evaluation_;           ///< as it is served: every task's last, of any evaluator
  std::map<int64_t, std::map<std::string, double>> evaluations_;  ///< figures by step
  std::deque<LoggedEvent> events_;
  int64_t next_event_ = 1;
  std::atomic<int64_t> next_sample_at_ = 0;  ///< ns of the steady clock
  std::jthread watcher_;
};

}  // namespace arno::cli
