// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/random.h"
#include "graph/change_protocol.h"
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
  /// Brings the running graph to another plan once so many events have happened. Several changes
  /// are made one after the other.
  void change_after(int64_t events, Plan next);
  /// How many changes were carried out, and how many refused.
  int64_t changed() const { return changed_; }
  int64_t refused() const { return refused_; }

  /// Runs until nothing moves. Returns "" when every actor has finished, else what went wrong.
  std::string run();

  int64_t skipped(const std::string& actor) const;
  int64_t discarded(const std::string& actor) const;

 private:
  struct Event {
    enum Kind {
      item,
      acknowledge,
      end,
      work,
      drain,
      start,
      add_input,
      add_output,
      close_output,
      resize,
      leave,
      input_taken,    // to the supervisor
      input_refused,  // to the supervisor
      finished        // to the supervisor; the lane is the shell
    } kind;
    int lane = 0;
    Payload payload = {};
    uint64_t items = 0;
    int64_t bytes = 0;
    Lane laid = {};  ///< of the orders of a change
  };
  class Post;
  class Orders;
  struct Shell {
    std::unique_ptr<Post> post;
    std::unique_ptr<StageDriver> driver;
    std::optional<Idle> idle;
    int64_t errors = 0;
    bool started = false;
    bool reported = false;  ///< that it has finished
  };
  using Channel = std::pair<int, int>;  ///< from shell, to shell

  void put(int from, int to, Event event);
  void add_shell(int id);
  void begin_change(Plan next);
  void drain_all();
  void supervise(const Event& event);
  std::string arrive(int shell, Event event);
  void handle(int shell, Shell& in, Event event);
  std::string decide(Shell& shell, int id);
  std::string check_edges() const;

  Plan plan_;
  Random random_;
  LaneLayout layout_;
  std::vector<Shell> shells_;
  std::map<Channel, std::deque<Event>> channels_;
  std::vector<Event> old_acknowledgements_;
  std::vector<int64_t> under_way_;        ///< items, by edge
  std::vector<int64_t> bytes_under_way_;  ///< by edge
  std::vector<int64_t> largest_;          ///< size of the largest item, by edge
  std::vector<Lane> widest_;              ///< lanes with the most they were ever allowed
  std::vector<std::pair<uint64_t, int64_t>> acknowledged_;  ///< items and bytes, by lane
  int64_t drain_after_ = -1;
  bool draining_ = false;
  std::deque<std::pair<int64_t, Plan>> changes_;  ///< to come, with when
  std::unique_ptr<Orders> orders_;
  std::optional<ChangeProtocol> change_;  ///< the last one
  int64_t changed_ = 0;
  int64_t refused_ = 0;
};

}  // namespace arno::graph
