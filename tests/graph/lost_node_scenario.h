// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace arno::graph {

/// What many jobs of random shape went through.
struct LossCounts {
  int64_t lost = 0;      ///< nodes
  int64_t changed = 0;   ///< changes that were carried out
  int64_t refused = 0;   ///< and refused
  int64_t repeated = 0;  ///< slots that came again and were left out
  int64_t returns = 0;   ///< to a commit
};

/// A job of random shape on four nodes, of which some are lost while it changes: at any moment, in
/// any way. Returns "" when every slot was delivered once, in order, and every actor ended; else
/// what went wrong. Counts into `counts`.
std::string lose_nodes_at_random(uint64_t seed, LossCounts& counts);

/// The same of a job that makes steps of its slots, by actors that keep state on these nodes and
/// may lose each other: every step is made once, in order, and what was saved
/// last is the state after the last of them.
std::string go_back_at_random(uint64_t seed, LossCounts& counts);

/// Runs a scenario with the seeds from `first` on, or with that of $ARNO_SIMULATION_SEED alone. The
/// test fails with the seed of the first that returns a problem.
void lose_nodes_under_seeds(uint64_t first, uint64_t count);
void go_back_under_seeds(uint64_t first, uint64_t count);

}  // namespace arno::graph
