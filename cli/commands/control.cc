// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_control.h"
#include "cli/run_folder.h"
#include "cli/top/print.h"
#include "io/read_file.h"

// The commands that ask a running job, or give orders to it.
namespace arno::cli {
namespace {

constexpr size_t kLongestPatch = 1 << 20;
// A detach waits until what the actor holds is worked off, and for the orders before it.
constexpr std::chrono::minutes kPatience{10};
constexpr std::chrono::seconds kPatienceToAsk{30};

struct ControlOptions {
  std::string job;
  std::string what;  ///< patch file, actor or edge
  std::string items;
  std::string key;
  bool dry_run = false;
};

std::string address_of_control(const std::string& job) {
  try {
    return address_of(job, kControlFile);
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", job, error.what());
  }
}

std::string ask(const ControlOptions& options, const graph::ControlRequest& request,
                std::chrono::milliseconds patience) {
  return graph::call_control(address_of_control(options.job), request, patience, options.key);
}

int give(const ControlOptions& options, graph::ControlRequest request) {
  if (options.dry_run) request.verb.insert(0, kCheck);
  try {
    fmt::print("{}", ask(options, request, kPatience));
  } catch (const Error& error) {
    if (error.code() != Errc::timeout) throw;
    fail(error.code(), "{}; it may still be carried out", error.what());
  }
  return kOk;
}

int attach(const ControlOptions& options) {
  std::error_code ignored;
  ARNO_CHECK(std::filesystem::exists(options.what, ignored), Errc::config_invalid,
             "{}: found no such file, expected a YAML file with a patch", options.what);
  return give(
      options,
      {.verb = kAttach, .name = options.what, .body = io::read_file(options.what, kLongestPatch)});
}

int detach(const ControlOptions& options) {
  return give(options, {.verb = kDetach, .name = options.what});
}

int set_credit(const ControlOptions& options) {
  return give(options, {.verb = kCredit, .name = options.what, .body = options.items});
}

int show_status(const ControlOptions& options) {
  const std::string state = ask(options, {.verb = kStatus}, kPatienceToAsk);
  top::print({.state = top::parse_state(state)});
  return kOk;
}

int stop(const ControlOptions& options) { return give(options, {.verb = kStop}); }

CLI::App* add(CLI::App& app, Action& action, const std::shared_ptr<ControlOptions>& options,
              const char* name, const char* doc, int (*act)(const ControlOptions&)) {
  CLI::App* command = app.add_subcommand(name, doc);
  command->add_option("job", options->job, "folder of a run, or host:port where it takes orders")
      ->required();
  command->add_option("--key", options->key, "folder of the job's key, where it has one");
  command->callback([options, act, &action] { action = [options, act] { return act(*options); }; });
  return command;
}

void add_dry_run(CLI::App* command, ControlOptions& options) {
  command->add_flag("--dry-run", options.dry_run, "check, show what would change, and do nothing");
}

}  // namespace

void add_control_commands(CLI::App& app, Action& action) {
  const auto options = std::make_shared<ControlOptions>();
  CLI::App* command = add(app, action, options, "attach",
                          "Add actors, replicas, edges or data sources to a running job.", attach);
  command->add_option("patch", options->what, "YAML file with actors and edges")->required();
  add_dry_run(command, *options);

  command =
      add(app, action, options, "detach",
          "Take an actor (decode), or its last replica (decode[2]), out of a running job when "
          "it has worked off what it holds, or a data source (read.clipart) from the first step on "
          "of which nothing has been read yet.",
          detach);
  command->add_option("actor", options->what, "name of the actor, replica or source")->required();
  add_dry_run(command, *options);

  command = add(app, action, options, "edge", "Change how much an edge of a running job may hold.",
                set_credit);
  command->add_option("edge", options->what, "\"from.port->to.port\"")->required();
  command->add_option("--credit", options->items, "items under way at once")->required();
  add_dry_run(command, *options);

  add(app, action, options, "status",
      "Print how a running job goes: its nodes, actors, rates, credits and steps.", show_status);
  add(app, action, options, "stop", "End a running job in order, after a checkpoint.", stop);
}

}  // namespace arno::cli
