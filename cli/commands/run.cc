// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

#include "actors/builtin.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_control.h"
#include "cli/job_metrics.h"
#include "cli/monitor/monitoring_port.h"
#include "cli/plan_file.h"
#include "cli/progress.h"
#include "cli/run_folder.h"
#include "cli/run_log.h"
#include "common/log.h"
#include "florence/training/checkpoint.h"
#include "graph/cluster/ask_nodes.h"
#include "graph/job.h"
#include "graph/plan_placement.h"
#include "io/atomic_file.h"
#include "io/directory_lock.h"

namespace arno::cli {
namespace {

struct RunOptions {
  std::string file;
  std::string output;
  std::string trace;
  bool resume = false;
  bool dry_run = false;
};

/// While one lives, SIGINT and SIGTERM drain a job, and a second one aborts it. Made before any
/// other thread, so that all threads inherit the blocked signals.
class SignalWatch {
 public:
  SignalWatch() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGUSR2);  // ends the watch
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~SignalWatch() {
    if (thread_.joinable()) {
      pthread_kill(thread_.native_handle(), SIGUSR2);
      thread_.join();
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  void watch(graph::Job& job) {
    job_ = &job;
    thread_ = std::thread([this] {
      for (int signal = 0; sigwait(&signals_, &signal) == 0 && signal != SIGUSR2;) on_signal();
    });
  }
  /// The job has ended and may go.
  void forget_job() {
    const std::scoped_lock lock(mutex_);
    job_ = nullptr;
    seen_by_job_ = signals_seen_;
  }
  bool interrupted() const {
    const std::scoped_lock lock(mutex_);
    return signals_seen_ > 0;
  }
  /// Waits so many seconds, or until a signal has come that no job has seen.
  void linger(double seconds) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                      [&] { return signals_seen_ > seen_by_job_; });
  }

 private:
  void on_signal() {
    const std::scoped_lock lock(mutex_);
    ++signals_seen_;
    changed_.notify_all();
    if (!job_) return;
    if (signals_seen_ > 1) {
      job_->abort("stopped by a second signal, without a checkpoint");
      return;
    }
    log::info("run", "draining; a second Ctrl-C stops at once");
    job_->drain();
  }

  sigset_t signals_;
  sigset_t before_;
  std::thread thread_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int signals_seen_ = 0;
  int seen_by_job_ = 0;
  graph::Job* job_ = nullptr;  ///< while it runs
};

graph::Plan plan_of(const RunOptions& options, const graph::Registry& registry) {
  graph::Plan plan = plan_file(options.file, registry, AskNodes::yes);
  if (!options.output.empty()) plan.config.output = options.output;
  return plan;
}

void check_output(const graph::JobConfig& job, const RunOptions& options) {
  if (!florence::newest_checkpoint(job.output)) return;
  ARNO_CHECK(options.resume, Errc::invalid_argument,
             "{}: holds checkpoints of an earlier run; go on with --resume, or choose another "
             "folder with --output",
             job.output);
  check_same_course(job, job.output, options.file);
}

int exit_code(const graph::JobResult& result, bool interrupted) {
  if (result.outcome == graph::JobResult::Outcome::failed) {
    fmt::print(stderr, "arno: {}\n", result.error);
    return kFailed;
  }
  return interrupted && result.outcome == graph::JobResult::Outcome::drained ? kInterrupted : kOk;
}

constexpr const char* kNode = "local";

/// Everyone who hears of a job.
struct Audience {
  Audience(const graph::Plan& plan, monitoring::MetricRegistry& registry)
      : progress(stdout, isatty(STDOUT_FILENO) != 0),
        run_log(plan.config.output),
        metrics(registry),
        monitor(plan, kNode),
        all({&progress, &run_log, &metrics, &monitor}) {
    registry.before_collection([this] { metrics.set_phase(monitor.phase()); });
  }

  Progress progress;
  RunLog run_log;
  JobMetrics metrics;
  JobMonitor monitor;
  graph::JobObservers all;
};

/// Runs a job to its end; what it wrote is complete when this returns.
graph::JobResult carry_out(const graph::Plan& plan, graph::StageContext context,
                           const graph::Registry& registry, const std::string& trace_file,
                           SignalWatch& signals, Audience& audience) {
  std::optional<monitoring::Trace> trace;
  if (!trace_file.empty()) context.trace = &trace.emplace(trace_file, plan.config.job);
  graph::Job job(plan, context);
  // Not earlier: a job that cannot be made leaves the run it was meant to resume as it was.
  io::write_file_atomically(context.output / "job.yaml", plan.to_yaml());
  audience.run_log.open(context.from.step);
  signals.watch(job);
  audience.monitor.watch(job);
  job.start();
  std::optional<JobControl> control;
  if (plan.config.control.enabled) {
    control.emplace(plan.config.control, context.output, job, registry,
                    [&audience] { return audience.monitor.state(); });
  }
  const graph::JobResult result = job.wait();
  control.reset();
  signals.forget_job();
  audience.monitor.end(result, job.status());
  return result;
}

int run(const RunOptions& options) {
  graph::Registry registry;
  actors::register_builtin_actors(registry);
  const graph::Plan plan = plan_of(options, registry);
  if (options.dry_run) {
    fmt::print("{}", plan.to_yaml());
    return kOk;
  }
  for (const std::string& line : graph::placement_by_node(plan)) log::info("placement", "{}", line);
  SignalWatch signals;
  if (options.resume) graph::await_nodes(plan);
  const std::filesystem::path output = plan.config.output;
  std::filesystem::create_directories(output);
  const io::DirectoryLock lock(output);
  check_output(plan.config, options);

  monitoring::MetricRegistry metrics({{"job", plan.config.job}, {"node", kNode}});
  Audience audience(plan, metrics);
  graph::StageContext context = graph::base_context(plan.config);
  if (options.resume) context.from = graph::newest_commit(output);
  context.metrics = &metrics;
  context.observer = &audience.all;
  std::optional<MonitoringPort> port;
  // Of a process that was killed: the port may be another's by now.
  std::filesystem::remove(output / kAddressFile);
  std::filesystem::remove(output / kControlFile);
  if (plan.config.monitoring.enabled) {
    port.emplace(plan.config.monitoring.listen, output, metrics, audience.monitor);
    audience.progress.print_line(fmt::format("watch the job at http://{}/", port->address()));
  }
  const graph::JobResult result =
      carry_out(plan, std::move(context), registry, options.trace, signals, audience);
  const int code = exit_code(result, signals.interrupted());
  if (port) signals.linger(plan.config.monitoring.linger_s);
  return code;
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand(
      "run", "Run a job. Ctrl-C saves a checkpoint and stops; --resume goes on from it.");
  command->add_option("file", options->file, "job file")->required();
  command->add_option("--output", options->output, "folder of the run, instead of the file's");
  command->add_option("--trace", options->trace,
                      "write what every actor does and when to this file (Chrome trace format)");
  command->add_flag("--resume", options->resume,
                    "go on from the newest checkpoint, or start when there is none");
  command->add_flag("--dry-run", options->dry_run, "print the plan and do nothing");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace arno::cli
