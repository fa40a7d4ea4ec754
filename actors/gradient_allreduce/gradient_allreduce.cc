// SPDX-License-Identifier: Apache-2.0
#include "actors/gradient_allreduce/gradient_allreduce.h"

#include "actors/gradient_allreduce/metered_communicator.h"

namespace arno::actors {
namespace {

using monitoring::MetricType;

constexpr std::array<std::string_view, 4> kLabels{"actor", "replica", "group"};
constexpr monitoring::MetricDef kCalls{MetricType::counter, "arno_allreduce_calls_total",
                                       "Collective calls of a replica.", kLabels};
constexpr monitoring::MetricDef kBytes{MetricType::counter, "arno_allreduce_bytes_total",
                                       "Bytes that a replica put into collective calls.", kLabels};
constexpr monitoring::MetricDef kSeconds{
    MetricType::counter, "arno_allreduce_seconds_total",
    "Seconds that a replica was in collective calls, waiting for others included.", kLabels};

}  // namespace

void GradientAllreduceOptions::fields(ConfigFields& f) {
  f.integer("deadline_s", deadline_s,
            {.doc = "a replica that is silent longer ends the group, seconds",
             .min = 1,
             .max = 24 * 3600});
  f.boolean("plain_network", plain_network,
            {.doc = "replicas on other machines may exchange features and gradients in the clear, "
                    "as the network is trusted; not asked with a job key, which encrypts them"});
}

graph::Produced GradientAllreduce::produce(graph::Outbox& out) {
  join(kGradients, "gradients", out);
  join(kFeatures, "features", out);
  return graph::Produced::finished;
}

void GradientAllreduce::join(Output port, const std::string& purpose, graph::Outbox& out) {
  auto member = context_.groups->join(
      fmt::format("{}.{}", context_.actor, purpose), context_.replica, context_.replicas,
      {.deadline_ms = options_.deadline_s * 1000, .plain_network = options_.plain_network});
  monitoring::Counter seconds;
  if (monitoring::MetricRegistry* metrics = context_.metrics) {
    const monitoring::Labels labels{{"actor", context_.actor},
                                    {"replica", std::to_string(context_.replica)},
                                    {"group", purpose}};
    seconds = metrics->counter(kSeconds, labels);
    member = metered(std::move(member), {.calls = metrics->counter(kCalls, labels),
                                         .bytes = metrics->counter(kBytes, labels),
                                         .seconds = seconds});
  }
  out.emit(port, graph::Payload::of(GroupMember{std::move(member), seconds}, sizeof(GroupMember)));
}

graph::ActorKind gradient_allreduce_kind() {
  return graph::with_options<GradientAllreduceOptions, GradientAllreduce>({
      .name = "gradient_allreduce",
      .doc = "Joins the replicas of a model shard, and those of its loss, to groups that sum and "
             "gather tensors.",
      .inputs = {},
      .outputs = {graph::port<GroupMember>("gradients", "GroupMember",
                                           "for a model shard or a pipeline shard"),
                  graph::optional_port<GroupMember>("features", "GroupMember", "for its loss")},
      .metrics = {kCalls, kBytes, kSeconds},
      .scheduling = graph::Scheduling::detached,
      .replicable = true,
      .placeable = true,
      .keeps_state = true,
      .example = "deadline_s: 60",
  });
}

}  // namespace arno::actors
