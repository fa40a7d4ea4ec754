// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/random.h"
#include "graph/lanes.h"
#include "graph/stage_driver.h"

namespace arno::graph {

/// Runs the drivers of a whole plan in one thread. Which message arrives next, and how long a
/// driver works, is drawn at random; only what one actor sends to another keeps its order. Old
/// acknowledgements may come twice. Checks after each event that no edge holds more than it may.
class Simulation {
 public:
  Simulation(const Plan& plan, uint64_t seed);
  ~Simulation();

  /// Asks all stages to drain once so many events have happened.
  void drain_after(int64_t events) { drain_after_ = events; }

  /// Runs until nothing moves. Returns "" when every actor has finished, else what went wrong.
  std::string run();

  int64_t skipped(const std::string& actor) const;
  int64_t discarded(const std::string& actor) const;

 private:
  struct Event {
    enum Kind { item, acknowledge, end, work, drain } kind;
    int lane = 0;
    Payload payload;
    uint64_t items = 0;
    int64_t bytes = 0;
  };
  class Post;
  struct Shell {
    std::unique_ptr<Post> post;
    std::unique_ptr<StageDriver> driver;
    std::optional<Idle> idle;
    int64_t errors = 0;
  };
  using Channel = std::pair<int, int>;  ///< from shell, to shell

  void put(int from, int to, Event event);
  std::string arrive(int shell, Event event);
  std::string decide(Shell& shell, int id);
  std::string check_edges() const;

  const Plan& plan_;
  Random random_;
  LaneLayout layout_;
  std::vector<Shell> shells_;
  std::map<Channel, std::deque<Event>> channels_;
  std::vector<Event> old_acknowledgements_;
  std::vector<int64_t> under_way_;        ///< items, by edge
  std::vector<int64_t> bytes_under_way_;  ///< by edge
  std::vector<int64_t> largest_;          ///< size of the largest item, by edge
  std::vector<int> edge_of_lane_;
  std::vector<std::pair<uint64_t, int64_t>> acknowledged_;  ///< items and bytes, by lane
  int64_t drain_after_ = -1;
};

}  // namespace arno::graph
