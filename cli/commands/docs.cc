// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "actors/builtin.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_metrics.h"
#include "graph/job_config.h"
#include "graph/shell_metrics.h"
#include "monitoring/gpu_metrics.h"
#include "monitoring/process_metrics.h"
#include "ops/core/op_def.h"

namespace arno::cli {
namespace {

void print_ports(const char* title, const std::vector<graph::Port>& ports) {
  if (ports.empty()) return;
  fmt::print("\n{}:\n\n| port | carries | meaning |\n|---|---|---|\n", title);
  for (const graph::Port& port : ports) {
    fmt::print("| `{}`{}{} | {} | {} |\n", port.name, port.required ? "" : " (optional)",
               port.back_edge ? " (back edge)" : "", port.type_name, port.doc);
  }
}

void print_actors() {
  graph::Registry registry;
  actors::register_builtin_actors(registry);
  fmt::print(
      "# Job files and kinds of actors\n\nMade by `./dev docs` from the registry.\n\n"
      "## Keys of a job file\n\n{}",
      to_markdown<graph::JobConfig>());
  for (const std::string& name : registry.names()) {
    const graph::ActorKind& kind = *registry.find(name);
    fmt::print("\n## {}\n\n{}\n", name, kind.doc);
    print_ports("Inputs", kind.inputs);
    print_ports("Outputs", kind.outputs);
    fmt::print("\n{}{}{}{}.\n",
               kind.scheduling == graph::Scheduling::detached ? "Has a thread of its own"
                                                              : "Shares the worker threads",
               kind.replicable ? "; may be replicated" : "",
               kind.restartable ? "; may be restarted" : "",
               kind.skippable ? "; may skip an item" : "");
    fmt::print("\nOptions:\n\n{}\nExample:\n\n```yaml\n{}\n```\n", kind.options_doc(),
               kind.example);
  }
}

void print_ops() {
  fmt::print(
      "# Operators\n\nMade by `./dev docs` from the registry.\n\n| operator | what it does |\n"
      "|---|---|\n");
  for (const ops::OpDef* op : ops::all_ops()) fmt::print("| `{}` | {} |\n", op->name, op->doc);
}

void print_metrics_table(std::span<const monitoring::MetricDef> defs) {
  fmt::print("\n| metric | type | labels | meaning |\n|---|---|---|---|\n");
  for (const monitoring::MetricDef& def : defs) {
    std::string labels;
    for (const std::string_view label : def.labels) {
      if (!label.empty()) labels += fmt::format("{}`{}`", labels.empty() ? "" : ", ", label);
    }
    fmt::print("| `{}` | {} | {} | {} |\n", def.name, to_string(def.type), labels, def.help);
  }
}

void print_metrics() {
  graph::Registry registry;
  actors::register_builtin_actors(registry);
  fmt::print(
      "# Metrics\n\nMade by `./dev docs` from the declarations. Every metric has the labels `job` "
      "and `node` besides its own.\n\n## Actors and edges\n");
  print_metrics_table(graph::shell_metric_defs());
  for (const std::string& name : registry.names()) {
    const graph::ActorKind& kind = *registry.find(name);
    if (kind.metrics.empty()) continue;
    fmt::print("\n## Actors of kind {}\n", name);
    print_metrics_table(kind.metrics);
  }
  fmt::print("\n## The job\n");
  print_metrics_table(job_metric_defs());
  fmt::print("\n## The process\n");
  print_metrics_table(monitoring::process_metric_defs());
  fmt::print("\n## NVIDIA GPUs, where the driver is installed\n");
  print_metrics_table(monitoring::gpu_metric_defs());
}

}  // namespace

void add_docs_command(CLI::App& app, Action& action) {
  auto topic = std::make_shared<std::string>("actors");
  CLI::App* command = app.add_subcommand(
      "docs", "Print the reference of actors, operators or metrics in Markdown.");
  command->add_option("topic", *topic, "actors, ops or metrics")
      ->check(CLI::IsMember({"actors", "ops", "metrics"}));
  command->callback([topic, &action] {
    action = [topic] {
      if (*topic == "actors") print_actors();
      if (*topic == "ops") print_ops();
      if (*topic == "metrics") print_metrics();
      return kOk;
    };
  });
}

}  // namespace arno::cli
