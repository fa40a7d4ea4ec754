// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/activity.h"

#include <algorithm>

namespace arno::cli {
namespace {

Shares shares_between(const graph::ActorStatus& before, const graph::ActorStatus& after) {
  Shares out{.busy = std::max(0.0, after.busy_s - before.busy_s),
             .starved = std::max(0.0, after.starved_s - before.starved_s),
             .blocked = std::max(0.0, after.blocked_s - before.blocked_s),
             .paused = std::max(0.0, after.paused_s - before.paused_s)};
  const double total = out.busy + out.starved + out.blocked + out.paused;
  if (total <= 0) return {.starved = 1};
  for (double* share : {&out.busy, &out.starved, &out.blocked, &out.paused}) *share /= total;
  return out;
}

double rate(int64_t before, int64_t after, double seconds) {
  return seconds > 0 ? std::max(0.0, static_cast<double>(after - before) / seconds) : 0;
}

/// What was known of this replica or edge in an earlier look; of a new one: that it did nothing.
template <class Status, class Same>
Status before_of(const std::vector<Status>& earlier, const Same& same) {
  const auto found = std::ranges::find_if(earlier, same);
  return found == earlier.end() ? Status{} : *found;
}

}  // namespace

JobActivity ActivityWindow::activity() const {
  JobActivity out;
  if (looks_.empty()) return out;
  const graph::JobStatus& first = looks_.first();
  const graph::JobStatus& last = looks_.last();
  const double seconds = looks_.seconds();
  for (const graph::ActorStatus& after : last.actors) {
    const auto before = before_of(first.actors, [&](const graph::ActorStatus& other) {
      return other.actor == after.actor && other.replica == after.replica;
    });
    out.replicas.push_back({.status = after,
                            .items_per_second = rate(before.items, after.items, seconds),
                            .shares = shares_between(before, after)});
  }
  for (const graph::EdgeStatus& after : last.edges) {
    const auto before = before_of(
        first.edges, [&](const graph::EdgeStatus& other) { return other.name == after.name; });
    out.edges.push_back(
        {.status = after, .items_per_second = rate(before.items, after.items, seconds)});
  }
  return out;
}

ReplicaActivity sum_of_replicas(const JobActivity& activity, const std::string& actor) {
  ReplicaActivity out;
  double count = 0;
  for (const ReplicaActivity& replica : activity.replicas) {
    if (replica.status.actor != actor) continue;
    ++count;
    out.items_per_second += replica.items_per_second;
    out.shares.busy += replica.shares.busy;
    out.shares.starved += replica.shares.starved;
    out.shares.blocked += replica.shares.blocked;
    out.shares.paused += replica.shares.paused;
  }
  for (double* share :
       {&out.shares.busy, &out.shares.starved, &out.shares.blocked, &out.shares.paused}) {
    *share /= std::max(1.0, count);
  }
  return out;
}

}  // namespace arno::cli
