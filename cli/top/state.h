// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <vector>

// What a job tells of itself (docs/monitoring.md), as the display needs it. All texts are
// printable; a figure that is null or missing is NaN.
namespace arno::cli::top {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Node {
  std::string name;
  std::string address;    ///< empty: the launcher's
  std::string resources;  ///< taken of all: "cpu 1/4, gpu 0/1"
  double heard_at = kUnknown;
  double lost_at = kUnknown;  ///< unknown: it is there
  std::string why_lost;
};

/// Where a replica runs.
struct ReplicaPlace {
  double number = 0;  ///< of the replica
  std::string node;
};

struct Actor {
  std::string name;
  std::string kind;
  std::string node;
  std::vector<ReplicaPlace> places{};  ///< of its replicas
  double replicas = 0;
  double items_per_second = kUnknown;
  double busy = kUnknown;  ///< shares of the time, as the three below
  double starved = kUnknown;
  double blocked = kUnknown;
  double paused = kUnknown;
  double queued_items = kUnknown;  ///< of all replicas
  double errors = kUnknown;        ///< of all replicas
};

struct Edge {
  std::string from;  ///< "actor.port"
  std::string to;    ///< actor
  double capacity_items = kUnknown;
  double in_flight_items = kUnknown;
  double items_per_second = kUnknown;
  std::string tap;  ///< blocking, lossy or shadow
  double dropped_items = kUnknown;
};

struct Training {
  std::string stage;
  double step = kUnknown;
  double total_steps = kUnknown;
  double loss = kUnknown;
  double floor = kUnknown;
  double temperature = kUnknown;
  double images_per_second = kUnknown;
  double seconds_left = kUnknown;
};

struct State {
  std::string job;
  std::string phase;
  std::string error;  ///< why it failed
  double started_at = kUnknown;
  double now = kUnknown;
  std::vector<Node> nodes{};  ///< the launcher's first
  std::vector<Actor> actors;  ///< in the order of the flow
  std::vector<Edge> edges;
  std::string bottleneck;            ///< in words
  std::string bottleneck_actor;      ///< empty when there is none
  std::optional<Training> training;  ///< none before the first step
  double checkpoint_step = kUnknown;
  double checkpoint_at = kUnknown;
};

struct Event {
  int64_t id = 0;
  double at = kUnknown;  ///< seconds since 1970
  std::string kind;
  std::string actor;
  std::string text;
};

/// Everything that is known of a job.
struct Snapshot {
  State state;
  std::deque<Event> events;  ///< oldest first
};

/// Reads a reply of /api/state. Throws data_corrupt when it is none.
State parse_state(const std::string& text);
/// Reads a reply of /api/events. Throws data_corrupt when it is none.
std::deque<Event> parse_events(const std::string& text);

}  // namespace arno::cli::top
