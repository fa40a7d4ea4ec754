// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "graph/credit.h"
#include "graph/lanes.h"
#include "graph/payload.h"

namespace arno::graph {

/// Takes what a driver sends to other actors.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual void deliver(int lane, Payload item) = 0;
  /// The consumer is done with the first `items` items of the lane, `bytes` in all.
  virtual void acknowledge(int lane, uint64_t items, int64_t bytes) = 0;
  virtual void end(int lane) = 0;
};

/// What one actor has sent on one of its edges.
struct EdgeCounts {
  int64_t items = 0;
  int64_t bytes = 0;
  int64_t in_flight = 0;  ///< items that the consumers have not acknowledged
  int64_t dropped = 0;    ///< items that were left out, as the edge was full
};

/// The lanes that leave an actor, and the credit of each. An item takes one lane of each share of
/// each edge of its port: the one with most free credit, the first of several.
class OutputLanes {
 public:
  /// The courier outlives the object.
  explicit OutputLanes(Courier& courier) : courier_(courier) {}

  /// `ended`: the end of its stream is sent at once.
  void add(const OutputLane& lane, bool ended);
  /// Sends the end of the stream, once.
  void close(int lane);
  void close_all();
  /// The consumer was lost: nothing is sent to it or waited for.
  void drop(int lane);
  void resize(int lane, int64_t capacity_items, int64_t capacity_bytes);
  /// False when there is no such lane.
  bool acknowledge(int lane, uint64_t items, int64_t bytes);

  /// Whether an item of so many bytes could be sent from a port now: no share lacks credit on all
  /// of its lanes, unless it is lossy. Lanes that were closed take nothing.
  bool has_credit(int port, int64_t bytes);
  /// Sends an item on the lanes that has_credit() chose, and counts those that are left out. False
  /// when none takes it.
  bool send(Payload item);

  /// Of all lanes of an edge.
  EdgeCounts edge(int edge) const;

 private:
  struct Sender {
    OutputLane lane;
    CreditWindow window;
    bool closed = false;  ///< the end of its stream has been sent
    int64_t dropped = 0;  ///< items that were left out of its share, as there was no credit
  };

  Sender* find(int lane);

  Courier& courier_;
  std::vector<Sender> senders_;  ///< those of one edge stand together
  // By has_credit().
  std::vector<Sender*> chosen_;
  std::vector<Sender*> left_out_;  ///< the first of each share that is full
};

}  // namespace arno::graph
