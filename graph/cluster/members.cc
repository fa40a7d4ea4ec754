// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/members.h"

#include "common/wall_clock.h"

namespace arno::graph {

void Members::add(const std::string& node, NodeActor actor, std::string payload,
                  NodeStatus status) {
  const std::scoped_lock lock(mutex_);
  members_[node] = {std::move(actor), std::move(payload), std::move(status)};
}

std::optional<NodeActor> Members::lose(const std::string& node, const std::string& why) {
  const std::scoped_lock lock(mutex_);
  const auto found = members_.find(node);
  if (found == members_.end() || std::exchange(found->second.lost, true)) return std::nullopt;
  found->second.status.lost_at = wall_clock();
  found->second.status.why_lost = why;
  return found->second.actor;
}

void Members::heard_of(const std::string& node) {
  const std::scoped_lock lock(mutex_);
  const auto found = members_.find(node);
  if (found != members_.end()) found->second.status.heard_at = wall_clock();
}

void Members::clear() {
  const std::scoped_lock lock(mutex_);
  members_.clear();
}

bool Members::has(const std::string& node) const {
  const std::scoped_lock lock(mutex_);
  const auto found = members_.find(node);
  return found != members_.end() && !found->second.lost;
}

std::string Members::name_of(const caf::actor_addr& actor) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, member] : members_) {
    if (!member.lost && member.actor.address() == actor) return name;
  }
  return "";
}

NodeActor Members::actor_of(const std::string& node) const {
  const std::scoped_lock lock(mutex_);
  return members_.at(node).actor;
}

std::vector<std::pair<std::string, NodeActor>> Members::present() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::string, NodeActor>> out;
  for (const auto& [name, member] : members_) {
    if (!member.lost) out.emplace_back(name, member.actor);
  }
  return out;
}

std::vector<NodeAddress> Members::addresses() const {
  const std::scoped_lock lock(mutex_);
  std::vector<NodeAddress> out;
  for (const auto& [name, member] : members_) {
    if (!member.lost) out.push_back({name, member.payload});
  }
  return out;
}

std::set<std::string> Members::lost() const {
  const std::scoped_lock lock(mutex_);
  std::set<std::string> out;
  for (const auto& [name, member] : members_) {
    if (member.lost) out.insert(name);
  }
  return out;
}

std::vector<NodeStatus> Members::statuses() const {
  const std::scoped_lock lock(mutex_);
  std::vector<NodeStatus> out;
  for (const auto& [name, member] : members_) out.push_back(member.status);
  return out;
}

}  // namespace arno::graph
