// SPDX-License-Identifier: Apache-2.0
#include "graph/assembly.h"

namespace arno::graph {

PreparedShells prepare_shells(const Plan& plan, const StageContext& base) {
  PreparedShells out{.observer = base.observer};
  out.layout = lay_lanes(plan);
  for (const PlannedShell& shell : out.layout.shells) {
    const PlannedActor& actor = plan.actors[shell.actor];
    StageContext context = base;
    context.actor = actor.name;
    context.replica = shell.replica;
    context.replicas = actor.replicas;
    out.stages.push_back(actor.options->make_stage(context));
    out.contexts.push_back(std::move(context));
    out.metrics.push_back(ShellMetrics::create(*base.metrics, plan, shell.actor, shell.replica));
  }
  return out;
}

void Assembly::clear() {
  supervised->shells.clear();
  *lanes = {};
}

Assembly assemble(caf::actor_system& system, const Plan& plan, PreparedShells prepared,
                  std::function<void(JobResult)> on_end) {
  Assembly out{std::make_shared<LaneTable>(), std::make_shared<SupervisorParts>()};
  for (size_t id = 0; id < prepared.layout.shells.size(); ++id) {
    PlannedShell& shell = prepared.layout.shells[id];
    const PlannedActor& actor = plan.actors[shell.actor];
    ShellParts parts{.id = static_cast<int>(id),
                     .actor = &actor,
                     .context = std::move(prepared.contexts[id]),
                     .stage = std::move(prepared.stages[id]),
                     .inputs = std::move(shell.inputs),
                     .outputs = std::move(shell.outputs),
                     .lanes = out.lanes,
                     .metrics = std::move(prepared.metrics[id])};
    if (monitoring::Trace* trace = parts.context.trace) {
      parts.trace.emplace(*trace, shell.name, *actor.kind, plan.config.training.batch_size);
    }
    out.supervised->shells.push_back({.shell = spawn_shell(system, std::move(parts)),
                                      .name = shell.name,
                                      .on_error = actor.on_error,
                                      .max_errors = actor.max_errors});
  }
  for (const int shell : prepared.layout.producers) {
    out.lanes->producers.push_back(out.supervised->shells[shell].shell);
  }
  for (const int shell : prepared.layout.consumers) {
    out.lanes->consumers.push_back(out.supervised->shells[shell].shell);
  }
  out.supervised->drain_timeout_s = plan.config.supervisor.drain_timeout_s;
  out.supervised->observer = prepared.observer;
  out.supervised->on_end = std::move(on_end);
  out.lanes->supervisor = spawn_supervisor(system, out.supervised);
  return out;
}

}  // namespace arno::graph
