// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "actors/builtin.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/plan_file.h"

namespace arno::cli {
namespace {

struct CheckOptions {
  std::string file;
  bool dot = false;
  bool ask = false;
};

int check(const CheckOptions& options) {
  graph::Registry registry;
  actors::register_builtin_actors(registry);
  const graph::Plan plan =
      plan_file(options.file, registry, options.ask ? AskNodes::yes : AskNodes::no);
  fmt::print("{}", options.dot ? plan.to_dot() : plan.to_yaml());
  return kOk;
}

}  // namespace

void add_check_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand(
      "check", "Check a job file and print its plan with every default filled in.");
  command->add_option("file", options->file, "job file")->required();
  command->add_flag("--nodes", options->ask,
                    "ask the nodes what they have, where the placement depends on it");
  command->add_flag("--dot", options->dot, "print the graph for Graphviz instead");
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace arno::cli
