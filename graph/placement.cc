// SPDX-License-Identifier: Apache-2.0
#include "graph/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

namespace arno::graph {
namespace {

/// How many replicas of one actor are on the nodes of its request.
class Shares {
 public:
  explicit Shares(const PlacementRequest& request)
      : request_(request), of_entry_(request.nodes.size()) {
    for (int64_t replica = 0; replica < request.replicas; ++replica) {
      const std::string& node = request.place_of(replica);
      if (!node.empty()) add_kept(node);
    }
  }

  bool is_full(const std::string& node) const {
    return request_.per_node > 0 && on(node) >= request_.per_node;
  }
  int64_t on(const std::string& node) const {
    const auto found = on_node_.find(node);
    return found == on_node_.end() ? 0 : found->second;
  }
  /// The entry that is next, of those whose node `fits`; -1 when there is none.
  int next(const std::function<bool(const std::string&)>& fits) const {
    int best = -1;
    for (int entry = 0; entry < static_cast<int>(of_entry_.size()); ++entry) {
      const std::string& node = request_.nodes[entry];
      if (is_full(node) || !fits(node)) continue;
      if (request_.pack) return entry;
      if (best < 0 || of_entry_[entry] < of_entry_[best]) best = entry;
    }
    return best;
  }
  void add(int entry) {
    ++of_entry_[entry];
    ++on_node_[request_.nodes[entry]];
  }

 private:
  /// It counts for the entry of its node that has the fewest.
  void add_kept(const std::string& node) {
    int best = -1;
    for (int entry = 0; entry < static_cast<int>(of_entry_.size()); ++entry) {
      if (request_.nodes[entry] != node) continue;
      if (best < 0 || of_entry_[entry] < of_entry_[best]) best = entry;
    }
    if (best >= 0) {
      add(best);
    } else {
      ++on_node_[node];
    }
  }

  const PlacementRequest& request_;
  std::vector<int64_t> of_entry_;  ///< by position in the request's nodes
  std::map<std::string, int64_t> on_node_;
};

std::string replicas_text(int64_t count) {
  return fmt::format("{} replica{}", count, count == 1 ? "" : "s");
}

/// What a node has to fulfil: "one with cpu=1 left and less than 2 replicas".
std::string wish(const PlacementRequest& request) {
  std::vector<std::string> parts;
  if (!request.needs.empty()) parts.push_back(to_text(request.needs) + " left");
  if (request.per_node > 0) {
    parts.push_back(fmt::format("less than {} of it", replicas_text(request.per_node)));
  }
  return fmt::format("one with {}", fmt::join(parts, " and "));
}

std::string reason(const PlacementRequest& request, const Shares& shares, const std::string& node,
                   const std::string& left) {
  const std::string room = request.needs.empty() ? "" : "; " + left;
  if (std::set(request.nodes.begin(), request.nodes.end()).size() == 1) {
    return "the only node that it may run on" + room;
  }
  if (request.pack) return "pack: the first node with room" + room;
  return fmt::format("spread: {} of it there before{}", replicas_text(shares.on(node)), room);
}

}  // namespace

const std::string& PlacementRequest::place_of(int64_t replica) const {
  static const std::string kNowhere;
  return replica < static_cast<int64_t>(at.size()) ? at[static_cast<size_t>(replica)] : kNowhere;
}

std::optional<int64_t> Placer::left(const std::string& node, const std::string& resource) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return std::nullopt;
  const NodeResources& of = found->second;
  if (!of.complete && !of.has.contains(resource)) return std::nullopt;
  const auto taken = taken_.find(node);
  return count_of(of.has, resource) -
         (taken == taken_.end() ? 0 : count_of(taken->second, resource));
}

bool Placer::has_room(const std::string& node, const Resources& needs) const {
  return std::ranges::all_of(needs, [&](const auto& need) {
    const std::optional<int64_t> there = left(node, need.first);
    return !there || *there >= need.second;
  });
}

/// "cpu=1 of 4 left".
std::string Placer::describe(const std::string& node, const Resources& needs) const {
  std::vector<std::string> parts;
  for (const auto& [name, count] : needs) {
    const std::optional<int64_t> there = left(node, name);
    parts.push_back(
        there ? fmt::format("{}={} of {}", name, *there, count_of(nodes_.at(node).has, name))
              : fmt::format("{}=?", name));
  }
  return fmt::format("{} left", fmt::join(parts, ", "));
}

std::string Placer::take(const PlacementRequest& request) {
  std::string problem;
  for (int64_t replica = 0; replica < request.replicas; ++replica) {
    const std::string& node = request.place_of(replica);
    if (node.empty()) continue;
    if (problem.empty() && !has_room(node, request.needs)) {
      problem = fmt::format("found replica {} on {}, which has {}, expected {}", replica, node,
                            describe(node, request.needs), to_text(request.needs));
    }
    add(taken_[node], request.needs);
  }
  return problem;
}

Placement Placer::place(const PlacementRequest& request) {
  Placement out;
  Shares shares(request);
  std::map<std::string, Resources> before = taken_;
  for (int64_t replica = 0; replica < request.replicas; ++replica) {
    out.at.push_back(request.place_of(replica));
    out.why.emplace_back("it is there");
    if (!out.at.back().empty()) continue;
    const int entry =
        shares.next([&](const std::string& node) { return has_room(node, request.needs); });
    if (entry < 0) {
      std::vector<std::string> nodes;
      for (const std::string& node : std::set(request.nodes.begin(), request.nodes.end())) {
        nodes.push_back(shares.is_full(node)
                            ? fmt::format("{} has {} already", node, replicas_text(shares.on(node)))
                            : fmt::format("{} has {}", node, describe(node, request.needs)));
      }
      out.problem = fmt::format("found no node for replica {} of {}, expected {}: {}", replica,
                                request.replicas, wish(request), fmt::join(nodes, "; "));
      taken_ = std::move(before);
      return out;
    }
    const std::string& node = request.nodes[entry];
    out.at.back() = node;
    out.why.back() = reason(request, shares, node, describe(node, request.needs));
    shares.add(entry);
    add(taken_[node], request.needs);
  }
  return out;
}

int64_t Placer::choices(const PlacementRequest& request) const {
  const Placer empty(nodes_);
  return std::ranges::count_if(
      std::set(request.nodes.begin(), request.nodes.end()),
      [&](const std::string& node) { return empty.has_room(node, request.needs); });
}

}  // namespace arno::graph
