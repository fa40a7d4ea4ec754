// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/job_monitor.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/monitor/bottleneck.h"
#include "cli/monitor/json.h"
#include "cli/step_json.h"
#include "common/pause.h"
#include "common/version.h"
#include "common/wall_clock.h"

namespace arno::cli {
namespace {

using nlohmann::json;

constexpr double kWindow_s = 5;
constexpr auto kLookEvery = std::chrono::milliseconds(500);
constexpr int64_t kSampleEvery_ns = 2'000'000'000;
constexpr size_t kMaxSamples = 12;
constexpr size_t kMaxEvents = 500;
constexpr size_t kMaxPoints = 1000;

int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
double steady_seconds() { return static_cast<double>(steady_ns()) * 1e-9; }

json latency_of(std::vector<double> latencies) {
  if (latencies.empty()) return nullptr;
  std::ranges::sort(latencies);
  const auto at = [&](double share) {
    return latencies[static_cast<size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  return {{"p50", at(0.5)}, {"p99", at(0.99)}};
}

template <class Member>
json column(const std::vector<HistoryPoint>& points, int64_t after_step, Member member) {
  json out = json::array();
  for (const HistoryPoint& point : points) {
    if (point.step > after_step) out.push_back(point.*member);
  }
  return out;
}

}  // namespace

JobMonitor::JobMonitor(graph::Plan plan, std::string node)
    : job_(plan.config.job),
      node_(std::move(node)),
      started_at_(wall_clock()),
      plan_(std::move(plan)),
      window_(kWindow_s),
      history_(kMaxPoints),
      progress_(kWindow_s) {}

void JobMonitor::on_step(const graph::StepReport& report) {
  const std::scoped_lock lock(mutex_);
  if (!last_step_ || last_step_->stage != report.stage) {
    log_event("stage", "", fmt::format("\"{}\" from step {}", report.stage, report.step));
  }
  const double at = steady_seconds();
  last_step_ = report;
  images_ += report.images;
  progress_.add(at, {report.step, images_});
  history_.add(at, report);
}

void JobMonitor::on_evaluation(const graph::EvaluationReport& report) {
  const json whole = evaluation_json(report);
  const std::map<std::string, double> figures = report.figures();
  std::string text = fmt::format("step {}:", report.step);
  for (const auto& [name, value] : figures) text += fmt::format(" {} {:.4f}", name, value);
  const std::scoped_lock lock(mutex_);
  merge_evaluation(evaluation_, whole, wall_clock());
  for (const auto& [name, value] : figures) evaluations_[report.step][name] = value;
  if (evaluations_.size() > kMaxPoints) evaluations_.erase(evaluations_.begin());
  log_event("evaluation", "", text);
}

void JobMonitor::on_checkpoint(int64_t step, const std::string& path) {
  const std::scoped_lock lock(mutex_);
  checkpoint_ = {step, wall_clock()};
  log_event("checkpoint", "", fmt::format("step {} in {}", step, path));
}

void JobMonitor::on_source(const graph::SourceReport& report) {
  const std::scoped_lock lock(mutex_);
  if (sources_.size() <= report.index) sources_.resize(report.index + 1);
  sources_[report.index] = report;
}

void JobMonitor::on_event(const graph::JobEvent& event) {
  const std::scoped_lock lock(mutex_);
  if (event.kind == "drain") phase_ = "draining";
  log_event(event.kind, event.actor, event.text);
}

bool JobMonitor::wants_sample() {
  int64_t due = next_sample_at_.load(std::memory_order_relaxed);
  const int64_t now = steady_ns();
  return now >= due && next_sample_at_.compare_exchange_strong(due, now + kSampleEvery_ns);
}

void JobMonitor::on_sample(const graph::SampleReport& report) {
  // Its image is encoded here, once, and not for each who asks.
  json sample = sample_json(report);
  const std::scoped_lock lock(mutex_);
  sample["source"] = report.source < sources_.size() ? sources_[report.source].name : std::string();
  samples_.push_front(std::move(sample));
  if (samples_.size() > kMaxSamples) samples_.pop_back();
}

void JobMonitor::watch(const graph::Job& job) {
  const std::scoped_lock lock(mutex_);
  phase_ = "running";
  log_event("start", "", fmt::format("{} actors", plan_.actors.size()));
  watcher_ = std::jthread([this, &job](const std::stop_token& stop) {
    do {
      graph::JobStatus status = job.status();
      const std::scoped_lock look(mutex_);
      add_look(steady_seconds(), std::move(status));
    } while (pause(stop, kLookEvery));
  });
}

void JobMonitor::add_look(double at, graph::JobStatus status) {
  if (!status.plan) return;
  if (looked_at_ != status.plan) {
    looked_at_ = status.plan;
    plan_ = *status.plan;
  }
  nodes_ = status.nodes;
  window_.add(at, std::move(status));
}

std::map<std::string, std::string> JobMonitor::nodes() const {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, std::string> out;
  for (const graph::NodeStatus& node : nodes_) {
    if (node.lost_at == 0 && !node.monitoring.empty()) out[node.name] = node.monitoring;
  }
  return out;
}

void JobMonitor::end(const graph::JobResult& result, graph::JobStatus last) {
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  const std::scoped_lock lock(mutex_);
  // Two equal looks: what was done stays to be seen, and nothing is done any more.
  window_ = ActivityWindow(kWindow_s);
  add_look(0, last);
  add_look(1, std::move(last));
  using Outcome = graph::JobResult::Outcome;
  phase_ = result.outcome == Outcome::completed ? "completed"
           : result.outcome == Outcome::drained ? "drained"
                                                : "failed";
  error_ = result.error;
  log_event("end", "", error_.empty() ? phase_ : phase_ + ": " + error_);
}

std::string JobMonitor::phase() const {
  const std::scoped_lock lock(mutex_);
  return phase_;
}

void JobMonitor::log_event(const std::string& kind, const std::string& actor,
                           const std::string& text) {
  events_.push_back({next_event_++, wall_clock(), {kind, actor, text}});
  if (events_.size() > kMaxEvents) events_.pop_front();
}

json JobMonitor::training() const {
  if (!last_step_) return nullptr;
  const graph::StepReport& last = *last_step_;
  const double seconds = progress_.seconds();
  const auto steps = static_cast<double>(progress_.last().step - progress_.first().step);
  const auto images = static_cast<double>(progress_.last().images - progress_.first().images);
  json out = step_json(last);
  out["total_steps"] = last.total_steps;
  out["parameter_norm"] = last.parameter_norm;
  for (const auto& [phase, time] : last.phases.named()) out["phases"][phase] = time;
  out["images"] = images_;
  out["images_per_second"] = seconds > 0 ? images / seconds : 0;
  out["seconds_left"] =
      steps > 0 ? json(seconds / steps * static_cast<double>(last.total_steps - last.step))
                : json(nullptr);
  out["latency"] = latency_of(last.sample_latencies);
  return out;
}

std::string JobMonitor::state() const {
  const std::scoped_lock lock(mutex_);
  const JobActivity activity = window_.activity();
  const bool live = phase_ == "starting" || phase_ == "running" || phase_ == "draining";
  Bottleneck bottleneck = live ? find_bottleneck(plan_, activity) : Bottleneck{};
  for (const graph::SourceReport& source : sources_) {
    if (live && !source.waits.empty()) bottleneck = {.text = "The job " + source.waits + "."};
  }
  json out{{"job", plan_.config.job},
           {"node", node_},
           {"version", version()},
           {"nodes", nodes_json(nodes_)},
           {"phase", phase_},
           {"error", error_},
           {"started_at", started_at_},
           {"now", wall_clock()},
           {"actors", actors_json(plan_, activity, node_)},
           {"edges", edges_json(plan_, activity)},
           {"bottleneck",
            {{"actor", bottleneck.actor}, {"edge", bottleneck.edge}, {"text", bottleneck.text}}},
           {"training", training()},
           {"sources", json::array()},
           {"checkpoint", nullptr}};
  for (const graph::SourceReport& source : sources_) {
    out["sources"].push_back(
        {{"name", source.name}, {"epoch", source.epoch}, {"waits", source.waits}});
  }
  if (checkpoint_) out["checkpoint"] = {{"step", checkpoint_->step}, {"at", checkpoint_->at}};
  return to_text(out);
}

std::string JobMonitor::history(int64_t after_step) const {
  const std::scoped_lock lock(mutex_);
  const auto values = [&](auto member) { return column(history_.points(), after_step, member); };
  json evaluations = json::array();
  for (const auto& [step, figures] : evaluations_) {
    evaluations.push_back({{"step", step}, {"figures", figures}});
  }
  return to_text({{"stride", history_.stride()},
                  {"step", values(&HistoryPoint::step)},
                  {"loss", values(&HistoryPoint::loss)},
                  {"floor", values(&HistoryPoint::floor)},
                  {"learning_rate", values(&HistoryPoint::learning_rate)},
                  {"images_per_second", values(&HistoryPoint::images_per_second)},
                  {"grad_norm", values(&HistoryPoint::grad_norm)},
                  {"temperature", values(&HistoryPoint::temperature)},
                  {"evaluations", std::move(evaluations)}});
}

std::string JobMonitor::samples() const {
  const std::scoped_lock lock(mutex_);
  return to_text({{"samples", samples_}});
}

std::string JobMonitor::evaluation() const {
  const std::scoped_lock lock(mutex_);
  return to_text(evaluation_);
}

std::string JobMonitor::events(int64_t after_id) const {
  const std::scoped_lock lock(mutex_);
  json out = json::array();
  for (const LoggedEvent& logged : events_) {
    if (logged.id <= after_id) continue;
    out.push_back({{"id", logged.id},
                   {"at", logged.at},
                   {"kind", logged.event.kind},
                   {"actor", logged.event.actor},
                   {"text", logged.event.text}});
  }
  return to_text({{"events", std::move(out)}});
}

}  // namespace arno::cli
