// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "io/zeromq/job_key.h"

namespace arno::cli {
namespace {

int make_key(const std::string& folder) {
  const io::JobKey key = io::make_job_key(folder);
  fmt::print("{}: key {}; copy the folder to every node of the job and to nobody else\n", folder,
             key.fingerprint());
  return kOk;
}

}  // namespace

void add_key_command(CLI::App& app, Action& action) {
  CLI::App* key = app.add_subcommand("key", "The secret that the nodes of a job share.");
  key->require_subcommand(1);
  auto folder = std::make_shared<std::string>();
  CLI::App* fresh = key->add_subcommand("new", "Make a key, for ZeroMQ's CURVE and for TLS.");
  fresh->add_option("--out", *folder, "folder for the files of the key")->required();
  fresh->callback([folder, &action] { action = [folder] { return make_key(*folder); }; });
}

}  // namespace arno::cli
