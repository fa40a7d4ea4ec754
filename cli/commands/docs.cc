// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "actors/builtin.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "graph/job_config.h"
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

}  // namespace

void add_docs_command(CLI::App& app, Action& action) {
  auto topic = std::make_shared<std::string>("actors");
  CLI::App* command =
      app.add_subcommand("docs", "Print the reference of actors or operators in Markdown.");
  command->add_option("topic", *topic, "actors or ops")->check(CLI::IsMember({"actors", "ops"}));
  command->callback([topic, &action] {
    action = [topic] {
      *topic == "ops" ? print_ops() : print_actors();
      return kOk;
    };
  });
}

}  // namespace arno::cli
