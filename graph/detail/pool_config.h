// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system_config.hpp>
#include <cstdint>

namespace arno::graph::detail {

/// Settings of the actor system that shells run in.
struct PoolConfig : caf::actor_system_config {
  explicit PoolConfig(int64_t workers) {
    set("scheduler.max-threads", static_cast<size_t>(workers));
    // The work-stealing policy polls: its idle workers would take time from the kernels.
    set("scheduler.policy", caf::atom("sharing"));
    // An actor with work left sends itself a message: without a bound it would keep its thread.
    set("scheduler.max-throughput", size_t{16});
    set("logger.verbosity", caf::atom("quiet"));
  }
};

}  // namespace arno::graph::detail
