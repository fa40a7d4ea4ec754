// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/join_node.h"

#include <caf/send.hpp>
#include <thread>

#include "graph/cluster/ask_nodes.h"

namespace arno::graph {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause = kFailureBudget / 4;

}  // namespace

JoinedNode join_node(detail::ControlSystem& control, const std::string& address,
                     const JoinRequest& request, const LauncherActor& launcher, JoinLimits limits) {
  const auto begin = Clock::now();
  // When it is given up after this failure.
  const auto end_after = [&](Errc code) {
    if (code == Errc::timeout) return begin + limits.answer;
    return code == Errc::cancelled ? begin + limits.other_job : begin;
  };
  return about_node(request.node, [&] {
    for (;;) {
      const auto actor = control.reach<NodeActor>(address);
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end_after(Errc::timeout) - Clock::now());
      try {
        return JoinedNode{actor,
                          from_wire<JoinReply>(detail::ask(
                              control.system(), actor, std::max(left, kPause), Errc::timeout,
                              to_wire(request), caf::actor_cast<caf::strong_actor_ptr>(launcher)))};
      } catch (const Error& error) {
        if (error.code() == Errc::timeout) let_go(actor, request.job);
        if (Clock::now() + kPause >= end_after(error.code())) throw;
      }
      std::this_thread::sleep_for(kPause);
    }
  });
}

void let_go(const NodeActor& node, const std::string& job) {
  caf::anon_send(node, LeaveAtom::value, job);
}

}  // namespace arno::graph
