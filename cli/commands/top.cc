// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/top/client.h"
#include "cli/top/print.h"
#include "cli/top/terminal.h"
#include "cli/top/watch.h"

namespace arno::cli {
namespace {

struct TopOptions {
  std::string job;
  bool once = false;
};

int show(const TopOptions& options) {
  top::Client client(options.job);
  top::Snapshot first = client.fetch();
  if (!options.once && top::is_interactive()) {
    top::watch(std::move(client), std::move(first));
    return kOk;
  }
  top::print(first);
  return kOk;
}

}  // namespace

void add_top_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* command = app.add_subcommand(
      "top",
      "Watch a running job in the terminal: h lists the keys, q quits. Where the output is "
      "no terminal, print what it does now.");
  command->add_option("job", options->job, "folder of a run, or host:port of its monitoring port")
      ->required();
  command->add_flag("--once", options->once, "print what the job does now and exit");
  command->callback([options, &action] { action = [options] { return show(*options); }; });
}

}  // namespace arno::cli
