// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "graph/drop_protocol.h"
#include "graph/lanes.h"

namespace arno::graph {

/// What a graph becomes, told to whoever carries it out. Whatever is not named stays as it is.
struct GraphChange {
  std::vector<Lane> new_lanes;
  std::vector<Lane> resized_lanes;
  std::vector<Lane> closed_lanes;
  std::vector<int> new_shells;
  std::vector<int> leaving_shells;
  std::set<int> leaving_sources;  ///< those of leaving_shells that begin by themselves
  std::vector<Lane> orphans{};    ///< lanes of lost producers into leaving_shells

  static GraphChange of(const LaneLayout& layout, const LayoutChange& change);
};

/// Takes what a change orders the shells to do.
class ChangeOrders {
 public:
  virtual ~ChangeOrders() = default;
  /// The consumer takes a lane in; it answers by on_input_added().
  virtual void add_input(const Lane& lane) = 0;
  /// The producer may send on a lane; it answers by on_output_added().
  virtual void add_output(const Lane& lane) = 0;
  /// The consumer of a lane that never gets a producer hears its end.
  virtual void end_input(const Lane& lane) = 0;
  virtual void resize(const Lane& lane) = 0;
  /// The producer ends the lane.
  virtual void close_output(const Lane& lane) = 0;
  virtual void start(int shell) = 0;
  virtual void drain(int shell) = 0;
  /// The shell goes once nothing can arrive at it any more.
  virtual void leave(int shell) = 0;
  /// A new shell is not needed after all.
  virtual void discard(int shell) = 0;
};

/// Why a change is refused when the stream has come to its end where something was to be added.
inline constexpr const char* kAtEndOfStream =
    "an actor that it would join has come to the end of its stream";

/// The steps by which a running graph is changed without losing an item or a stream's end: the
/// consumers of new lanes first, then their producers; what leaves is first cut off from its
/// forward inputs, works off what it has, and goes when its outputs have ended.
class ChangeProtocol {
 public:
  /// `done` is told once what went wrong, "" when nothing did. The orders outlive the protocol.
  using Done = std::function<void(const std::string& error)>;
  ChangeProtocol(ChangeOrders& orders, GraphChange change, Done done);

  void begin();
  /// A consumer took a lane in, or is at its end, or lost, and did not. The first answer counts.
  void on_input_added(int lane, bool taken);
  /// A producer has its new lane.
  void on_output_added(int lane);
  void on_finished(int shell);
  /// Shells were lost: they answer nothing and are not waited for.
  void on_lost(const DropShells& lost);
  /// The job has ended: nothing more will come.
  void cancel();
  bool is_done() const { return !done_; }

 private:
  void join();
  void cut_off();
  void end_orphans();
  void release(int shell);
  void refuse();
  void finish_when_through();
  void finish(const std::string& error);

  ChangeOrders& orders_;
  GraphChange change_;
  Done done_;
  std::set<int> unanswered_;  ///< new lanes whose consumer has not said whether it takes them
  std::set<int> unjoined_;    ///< new lanes whose producer has not said that it has them
  std::vector<Lane> taken_;
  bool refused_ = false;
  bool lost_ = false;       ///< what a new lane needs was lost before it was joined
  std::set<int> awaited_;   ///< leaving shells that have not finished
  std::vector<int> early_;  ///< leaving shells that had finished before the lanes were joined
  bool joined_ = false;
};

}  // namespace arno::graph
