// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace arno::cli {

/// What runs after the command line has been read; returns an ExitCode.
using Action = std::function<int()>;

// Each adds a subcommand that sets `action` when it is chosen.
void add_check_command(CLI::App& app, Action& action);
void add_control_commands(CLI::App& app, Action& action);
void add_data_command(CLI::App& app, Action& action);
void add_docs_command(CLI::App& app, Action& action);
void add_embed_command(CLI::App& app, Action& action);
void add_eval_command(CLI::App& app, Action& action);
void add_key_command(CLI::App& app, Action& action);
void add_node_command(CLI::App& app, Action& action);
void add_run_command(CLI::App& app, Action& action);
void add_top_command(CLI::App& app, Action& action);
void add_version_command(CLI::App& app, Action& action);

}  // namespace arno::cli
