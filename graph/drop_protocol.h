// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace arno::graph {

/// A lane with an end at a lost shell.
struct LostLane {
  int lane = 0;
  int other = 0;  ///< the shell at the other end
  bool producer_lost = false;
  bool consumer_lost = false;
};

/// Shells were lost with their node, or end because the graph starts anew: producers of their lanes
/// let go of them.
struct DropShells {
  std::string node;  ///< empty: none was lost
  std::vector<int> shells;
  std::vector<LostLane> lanes;
};

/// Others have taken the place of lost shells: once all producers have let go, consumers hear the
/// end of the lost lanes and sources send again what has not arrived.
struct FinishRecovery {
  std::vector<LostLane> ended;
  std::vector<int> sources;
};

/// Takes what the shells are ordered to do when others are gone.
class DropOrders {
 public:
  virtual ~DropOrders() = default;
  /// The producer lets go of a lane to a lost consumer; it answers by on_output_dropped().
  virtual void drop_output(int shell, int lane) = 0;
  /// The consumer of a lane of a lost producer hears its end.
  virtual void end_lost_input(int shell, int lane) = 0;
  virtual void redeliver(int source) = 0;
};

/// The steps by which a graph goes on without shells that were lost: first every producer lets go
/// of them, then others take their place by an ordinary change, and only then do consumers hear the
/// end of the lost lanes and sources send again. In another order something would be sent to the
/// lost after the sources had looked, or a stream would end while its items are still to come.
class DropProtocol {
 public:
  /// The orders outlive the protocol.
  explicit DropProtocol(DropOrders& orders) : orders_(orders) {}

  void on_lost(const DropShells& lost);
  void on_output_dropped(int lane);
  /// A shell has ended its streams, or never began, and so sends to nobody any more.
  void on_finished(int shell);
  /// The change is through. A recovery that still waits becomes part of this one.
  void finish(const FinishRecovery& rest);

 private:
  void go_on();

  DropOrders& orders_;
  std::map<int, int> letting_go_;       ///< producers that still hold a lost consumer, by lane
  std::set<int> finished_;              ///< shells
  std::optional<FinishRecovery> rest_;  ///< that waits for them
};

}  // namespace arno::graph
