// SPDX-License-Identifier: Apache-2.0
#include "common/version.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"

namespace arno::cli {

void add_version_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("version", "Print the version.");
  command->callback([&action] {
    action = [] {
      fmt::print("arno {}\n", version());
      return kOk;
    };
  });
}

}  // namespace arno::cli
