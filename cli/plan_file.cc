// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_file.h"

#include "graph/cluster/ask_nodes.h"

namespace arno::cli {

graph::Plan plan_file(const std::string& file, const graph::Registry& registry, AskNodes ask) {
  graph::ClusterResources known{{graph::kLocalNode, {graph::resources_of_machine(), true}}};
  const auto planned = [&] {
    ConfigProblems problems;
    graph::Plan out = graph::make_plan(RawConfig::from_file(file), registry, problems, known);
    throw_if_any(problems);
    return out;
  };
  graph::Plan plan = planned();
  return ask == AskNodes::yes && graph::ask_nodes(plan, known) ? planned() : plan;
}

}  // namespace arno::cli
