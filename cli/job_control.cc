// SPDX-License-Identifier: Apache-2.0
#include "cli/job_control.h"

#include <charconv>

#include "common/log.h"
#include "graph/cluster/ask_nodes.h"
#include "graph/job_patch.h"
#include "io/atomic_file.h"

namespace arno::cli {
namespace {

using graph::ControlRequest;

/// What changes the graph.
bool is_order(const std::string& verb) {
  return verb == kAttach || verb == kDetach || verb == kCredit;
}

/// A patch may name nodes, which are asked what they have even when it is only looked at.
bool may_take_long(const std::string& verb) {
  return is_order(verb) || verb == fmt::format("{}{}", kCheck, kAttach);
}

int64_t items_of(const std::string& text) {
  int64_t items = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), items);
  ARNO_CHECK(parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && items > 0,
             Errc::config_invalid, "found the credit \"{}\", expected a number of items, 1 or more",
             text);
  return items;
}

/// What a patch makes of a running job, once new nodes have said what they have.
graph::PlanStep attached(const graph::Plan& running, const ControlRequest& request,
                         const graph::Registry& registry) {
  graph::ClusterResources known;
  const auto planned = [&] {
    ConfigProblems problems;
    graph::PlanStep out = graph::read_patch(
        running, RawConfig::from_text(request.body, request.name), registry, problems, known);
    throw_if_any(problems);
    return out;
  };
  graph::PlanStep step = planned();
  return graph::ask_nodes(step.next, known) ? planned() : step;
}

graph::PlanStep step_of(const graph::Plan& running, const std::string& verb,
                        const ControlRequest& request, const graph::Registry& registry) {
  ConfigProblems problems;
  graph::PlanStep step;
  if (verb == kAttach) {
    step = attached(running, request, registry);
  } else if (verb == kDetach) {
    step = graph::without_actor(running, request.name, registry, problems);
  } else {
    step = graph::with_credit(running, request.name, items_of(request.body), registry, problems);
  }
  throw_if_any(problems);
  return step;
}

}  // namespace

JobControl::JobControl(const graph::ControlSpec& where, std::filesystem::path output,
                       graph::Job& job, const graph::Registry& registry,
                       std::function<std::string()> status)
    : output_(std::move(output)),
      job_(job),
      registry_(registry),
      status_(std::move(status)),
      server_(
          where.listen, [this](const ControlRequest& request) { return answer(request); },
          [](const ControlRequest& request) { return may_take_long(request.verb); }, where.key) {
  io::write_file_atomically(output_ / kControlFile, server_.address() + "\n");
}

JobControl::~JobControl() {
  std::error_code ignored;
  std::filesystem::remove(output_ / kControlFile, ignored);
}

std::string JobControl::answer(const ControlRequest& request) {
  if (request.verb == kStatus) return status_();
  if (request.verb == kStop) {
    job_.drain();
    return "the job drains: it ends after a checkpoint\n";
  }
  const bool only_check = request.verb.starts_with(kCheck);
  const std::string verb =
      only_check ? request.verb.substr(std::string_view(kCheck).size()) : request.verb;
  ARNO_CHECK(is_order(verb), Errc::unsupported, "found the unknown order \"{}\"", request.verb);
  return change(verb, request, only_check);
}

std::string JobControl::change(const std::string& verb, const ControlRequest& request,
                               bool only_check) {
  const std::shared_ptr<const graph::Plan> running = job_.plan();
  ARNO_CHECK(running, Errc::cancelled, "the job has not started yet");
  graph::PlanStep step = step_of(*running, verb, request, registry_);
  const std::string changes = fmt::format("{}\n", fmt::join(step.changes, "\n"));
  if (only_check) return changes;
  // A graph that changes has to be written down: one that cannot be stays as it is.
  io::AtomicFile(output_ / "job.yaml").append(step.next.to_yaml());
  if (step.extended.empty()) job_.change(std::move(step.next));
  for (auto& [actor, options] : step.extended) job_.adopt(actor, std::move(options));
  io::write_file_atomically(output_ / "job.yaml", job_.plan()->to_yaml());
  log::info("control", "{} {}: {}", verb, request.name, fmt::join(step.changes, "; "));
  return changes;
}

}  // namespace arno::cli
