// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "actors/builtin.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "common/host_port.h"
#include "common/log.h"
#include "graph/cluster/node_host.h"
#include "monitoring/gpu_metrics.h"
#include "monitoring/metrics_reply.h"
#include "monitoring/process_metrics.h"

namespace arno::cli {
namespace {

struct NodeCommand {
  graph::NodeOptions node;
  std::string metrics = "127.0.0.1:0";
  std::string resources;
};

/// What jobs may use here: what the machine has, where the option does not say otherwise.
graph::Resources resources_of(const std::string& option) {
  graph::Resources out = graph::resources_of_machine();
  if (option.empty()) return out;
  try {
    for (const auto& [name, count] : graph::parse_resources(option)) out[name] = count;
  } catch (const Error& error) {
    fail(error.code(), "--resources: {}", error.what());
  }
  return out;
}

/// Without a key whoever reaches the node can give it work.
void warn_if_open(const graph::NodeOptions& options) {
  if (!options.key.empty()) return;
  const auto warn_of = [](const std::string& at, const std::optional<HostPort>& address) {
    if (!address || is_loopback(address->host)) return;
    log::warn("node", "listens at {} without a key: whoever reaches it can give it work (--key)",
              at);
  };
  warn_of(options.listen, parse_host_port(options.listen));
  warn_of(options.payload, parse_tcp_address(options.payload));
}

int run_node(const NodeCommand& command) {
  graph::NodeOptions options = command.node;
  options.resources = resources_of(command.resources);
  // Before any other thread, so that all of them inherit the blocked signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  graph::Registry registry;
  actors::register_builtin_actors(registry);
  monitoring::MetricRegistry metrics({{"node", command.node.name}});
  monitoring::add_process_metrics(metrics);
  monitoring::add_gpu_metrics(metrics);
  const monitoring::HttpServer server(command.metrics,
                                      {{"/metrics", [&metrics](const monitoring::HttpRequest&) {
                                          return monitoring::metrics_reply(metrics);
                                        }}});
  options.monitoring = server.address();
  const graph::NodeHost host(options, registry, metrics);
  warn_if_open(options);
  fmt::print("node {} listens on {}, metrics on http://{}/metrics, with {}\n", options.name,
             host.address(), server.address(), graph::to_text(options.resources));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return kOk;
}

}  // namespace

void add_node_command(CLI::App& app, Action& action) {
  const auto options = std::make_shared<NodeCommand>();
  CLI::App* command = app.add_subcommand(
      "node", "Wait for actors of jobs that are launched elsewhere, and run them. Ctrl-C ends it.");
  command->add_option("--name", options->node.name, "as job files call it")->required();
  command->add_option("--listen", options->node.listen, "host:port that launchers reach")
      ->capture_default_str();
  command->add_option("--payload", options->node.payload, "tcp://host:port that items come in on")
      ->capture_default_str();
  command->add_option("--key", options->node.key, "folder of the job's key (arno key new)");
  command->add_option("--metrics", options->metrics, "host:port of /metrics")
      ->capture_default_str();
  command->add_option("--resources", options->resources,
                      "what jobs may use here, as in cpu=4,gpu=0; what is not named is what the "
                      "machine has");
  command->add_option("--workers", options->node.workers, "threads of actors that do not block")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command->callback([options, &action] { action = [options] { return run_node(*options); }; });
}

}  // namespace arno::cli
