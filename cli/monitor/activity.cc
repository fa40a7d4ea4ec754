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
  return seconds > 0 ? static_cast<double>(after - before) / seconds : 0;
}

}  // namespace

void ActivityWindow::add(double at, graph::JobStatus status) {
  looks_.push_back({at, std::move(status)});
  // One look from before the window stays, so that there is always a whole window to compare.
  while (looks_.size() > 2 && looks_[1].at <= at - length_s_) looks_.pop_front();
}

JobActivity ActivityWindow::activity() const {
  JobActivity out;
  if (looks_.empty()) return out;
  const Look& first = looks_.front();
  const Look& last = looks_.back();
  const double seconds = last.at - first.at;
  for (size_t i = 0; i < last.status.actors.size(); ++i) {
    const graph::ActorStatus& before = first.status.actors[i];
    const graph::ActorStatus& after = last.status.actors[i];
    out.replicas.push_back({.status = after,
                            .items_per_second = rate(before.items, after.items, seconds),
                            .shares = shares_between(before, after)});
  }
  for (size_t i = 0; i < last.status.edges.size(); ++i) {
    const graph::EdgeStatus& after = last.status.edges[i];
    out.edges.push_back(
        {.status = after,
         .items_per_second = rate(first.status.edges[i].items, after.items, seconds)});
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
    out.status.items += replica.status.items;
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
