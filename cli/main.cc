// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "common/config.h"
#include "common/error.h"
#include "common/log.h"
#include "common/memory.h"

namespace {

constexpr const char* kAbout =
    "Arno trains Florence (arXiv 2111.11432) as a graph of actors.\n"
    "Exit codes: 0 done, 1 the work failed, 2 the command line or a configuration is wrong, "
    "130 stopped by Ctrl-C after a checkpoint.";

/// Says which command of `app` is meant by a word that is none; "" when that is not what is wrong.
std::string wrong_command(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (!chosen.empty()) return wrong_command(*chosen.front());
  if (app.get_require_subcommand_min() == 0) return "";
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands(nullptr)) known.push_back(command->get_name());
  const std::vector<std::string> words = app.remaining();
  if (!words.empty() && words.front().starts_with('-')) return "";
  const std::string found = words.empty()
                                ? "no command"
                                : fmt::format("the unknown command \"{}\"{}", words.front(),
                                              arno::did_you_mean(words.front(), known));
  return fmt::format("{}: found {}, expected one of {}", app.get_name(), found,
                     fmt::join(known, ", "));
}

int run(int argc, char** argv) {
  CLI::App app(kAbout, "arno");
  app.require_subcommand(1);
  app.add_flag_callback(
      "--verbose", [] { arno::log::set_level(arno::log::Level::debug); }, "log details too");
  arno::cli::Action action;
  arno::cli::add_run_command(app, action);
  arno::cli::add_check_command(app, action);
  arno::cli::add_control_commands(app, action);
  arno::cli::add_data_command(app, action);
  arno::cli::add_eval_command(app, action);
  arno::cli::add_embed_command(app, action);
  arno::cli::add_key_command(app, action);
  arno::cli::add_docs_command(app, action);
  arno::cli::add_node_command(app, action);
  arno::cli::add_top_command(app, action);
  arno::cli::add_version_command(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool failed = error.get_exit_code() != 0;
    const std::string wrong = failed ? wrong_command(app) : "";
    if (wrong.empty()) {
      app.exit(error);
    } else {
      fmt::print(stderr, "{}; see --help\n", wrong);
    }
    return failed ? arno::cli::kBadUsage : arno::cli::kOk;
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  arno::keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const arno::Error& error) {
    fmt::print(stderr, "arno: {}\n", error.what());
    return error.code() == arno::Errc::config_invalid ? arno::cli::kBadUsage : arno::cli::kFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "arno: {}\n", error.what());
    return arno::cli::kFailed;
  }
}
