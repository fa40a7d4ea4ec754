// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/random.h"
#include "graph/change_protocol.h"
#include "graph/job_layout.h"
#include "graph/stage_driver.h"

namespace arno::graph {

/// Runs the drivers of a whole plan in one thread. Which message arrives next, and how long a
/// driver works, is drawn at random; only what one actor sends to another keeps its order. Old
/// acknowledgements may come twice. Checks after each event that no lane holds more than it may.
///
/// Nodes are lost as they are in a network: of what is under way from or to one, a part arrives and
/// the rest never does; the job hears of it at some time, and what the lost one sent may still come
/// in at the others long after. When an actor that keeps state is lost with one, or its group
/// breaks, the graph goes back to the last commit and starts anew.
class Simulation {
 public:
  Simulation(const Plan& plan, uint64_t seed);
  ~Simulation();

  /// Asks all stages to drain once so many events have happened.
  void drain_after(int64_t events) { drain_after_ = events; }
  /// Brings the running graph to another plan once so many events have happened. Several changes
  /// are made one after the other. A node that was lost and is in the plan is back.
  void change_after(int64_t events, Plan next);

  enum class Loss {
    killed,  ///< its actors are gone
    cut,     ///< the launcher does not reach it; it works on with the other nodes for a while
  };
  /// Takes a node away once so many events have happened since the job had begun.
  void lose_after(int64_t events, std::string node, Loss how);
  /// Cuts two nodes off from each other, likewise. Both tell the launcher,
  /// which goes on without the one that it hears of first.
  void cut_link_after(int64_t events, std::string a, std::string b);
  /// The actors that keep state lose each other, though all nodes are there.
  void break_group_after(int64_t events);

  // How many changes were carried out, and how many refused; how many nodes were lost.
  int64_t changed() const { return changed_; }
  int64_t refused() const { return refused_; }
  int64_t lost() const { return lost_; }
  /// How often the graph went back to a commit.
  int64_t returns() const { return returns_; }

  /// Runs until nothing moves. Returns "" when every actor has finished, else what went wrong.
  std::string run();

  int64_t skipped(const std::string& actor) const;
  int64_t discarded(const std::string& actor) const;

 private:
  static constexpr int kSupervisor = -1;  ///< among the shells

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
      drop_output,
      redeliver,
      resize,
      leave,
      input_taken,     // to the supervisor
      input_refused,   // to the supervisor
      output_added,    // to the supervisor
      output_dropped,  // to the supervisor
      finished         // to the supervisor; the lane is the shell
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
    std::shared_ptr<Stage> stage;
    std::unique_ptr<StageDriver> driver;
    std::optional<Idle> idle;
    int64_t errors = 0;
    bool started = false;
    bool reported = false;   ///< that it has finished
    bool leaving = false;    ///< goes once it is through
    bool cut_off = false;    ///< from the launcher and its actors
    bool gone = false;       ///< nothing arrives there any more
    bool forgotten = false;  ///< the job goes on without it
    bool through = false;    ///< the job has heard that it has finished
  };
  /// What is under way on a lane, as its producer sees it.
  struct LaneBook {
    int64_t items = 0;
    int64_t bytes = 0;
    int64_t largest = 0;   ///< item, bytes
    bool settled = false;  ///< nothing is waited for
    Lane widest;           ///< with the most it was ever allowed
    std::pair<uint64_t, int64_t> acknowledged;
  };
  /// A node that was lost, and how far the job is with that.
  struct LostNode {
    enum Phase { unnoticed, dropped, changing, changed, done };
    std::string node;
    std::vector<int> shells;
    bool ended = false;  ///< its actors are gone
    Phase phase = unnoticed;
    int64_t losses = 0;  ///< when its recovery began
  };
  /// A change whose shells could all be made.
  struct Prepared {
    Plan plan;
    LaneLayout layout;
    LayoutChange change;
    std::function<void(const std::string&)> then;
    bool restart = false;
  };
  /// Something that happens from outside at its time.
  struct Plot {
    int64_t at;
    std::function<void()> act;
  };
  using Channel = std::pair<int, int>;  ///< from shell, to shell

  const std::string& node_of(int shell) const;
  bool reaches(int from, int to) const;
  void put(int from, int to, Event event);
  void add_shell(int id);
  StageContext context_of(const PlannedShell& planned) const;
  bool prepare(Plan next, std::function<void(const std::string&)> then);
  void apply();
  void begin_users_change();
  void drain_all();
  void act_from_outside();

  bool is_away(const std::string& node) const;
  void lose(const std::string& node, Loss how);
  void cut_link(const std::string& a, const std::string& b);
  void cut_channels(const std::function<bool(int from, int to)>& is_cut);
  void end(LostNode& lost);
  void notice(LostNode& lost);
  void drop(const DropShells& drop);
  void recover(LostNode& lost);
  std::vector<std::function<void()>> steps_of_the_job();

  bool stays(int shell) const;
  bool held_state(const std::string& node) const;
  void stop(bool all = false);
  void take_commit();
  void start_anew();
  std::optional<std::function<void()>> step_of_a_return();

  void supervise(const Event& event);
  bool move();
  void arrive(int shell, Event event);
  void handle(int shell, Shell& in, Event event);
  void acknowledge(const Event& event, StageDriver& driver);
  std::string decide(Shell& shell, int id);
  std::string check_lanes(int producer) const;
  int64_t sum(const std::string& actor, int64_t DriverCounts::*count) const;

  Random random_;
  JobLayout layout_;
  std::vector<Shell> shells_;
  std::map<Channel, std::deque<Event>> channels_;
  std::vector<Event> old_acknowledgements_;
  std::vector<LaneBook> books_;            ///< by lane
  std::vector<std::vector<int>> outputs_;  ///< lanes, by shell
  std::string problem_;
  int64_t events_ = 0;
  int64_t since_begin_ = 0;  ///< events
  int64_t drain_after_ = -1;
  bool draining_ = false;
  std::deque<std::pair<int64_t, Plan>> changes_;  ///< to come, with when
  std::vector<Plot> plots_;                       ///< to come
  std::deque<LostNode> lost_nodes_;
  std::set<std::string> known_lost_;  ///< nodes that the launcher goes on without
  std::set<std::pair<std::string, std::string>> cut_links_;     ///< both ways
  std::vector<std::pair<std::string, std::string>> told_cuts_;  ///< to be told to the launcher
  std::optional<Prepared> prepared_;
  std::unique_ptr<Orders> orders_;
  std::optional<ChangeProtocol> change_;  ///< the last one
  std::optional<DropProtocol> losses_;
  int64_t changed_ = 0;
  int64_t refused_ = 0;
  int64_t lost_ = 0;
  int64_t commit_ = 0;  ///< steps that were done before this start
  bool stopped_ = false;
  std::optional<Plan> next_start_;       ///< what the user wants it to be
  std::optional<int64_t> losses_known_;  ///< by the start that has to be finished
  int64_t returns_ = 0;
};

}  // namespace arno::graph
