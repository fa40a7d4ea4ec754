// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/actor_kind.h"
#include "graph/credit.h"
#include "graph/stage.h"

namespace arno::graph {

/// Takes what a driver sends to other actors. A lane joins one producer to one consumer.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual void deliver(int lane, Payload item) = 0;
  /// The consumer is done with the first `items` items of the lane, `bytes` in all.
  virtual void acknowledge(int lane, uint64_t items, int64_t bytes) = 0;
  virtual void end(int lane) = 0;
};

/// A lane that leaves an output port. Lanes of one edge share its items, each item takes one of
/// them; every edge of a port gets every item.
struct OutputLane {
  int lane = 0;
  int port = 0;
  int edge = 0;
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
};

/// A lane that arrives at an input port.
struct InputLane {
  int lane = 0;
  int port = 0;
  int64_t capacity_items = 1;
};

/// What a stage failed on.
struct StageFailure {
  Errc code = Errc::invalid_argument;
  std::string text;
};

/// Why a driver has nothing to do.
enum class Idle {
  starved,   ///< waits for an input
  blocked,   ///< waits for credit
  failed,    ///< waits for the supervisor's decision
  finished,  ///< has sent the end of the stream
};

/// Runs one stage under the rules of the graph: credits, acknowledgements, the order of sending,
/// the end of the stream, failures. Knows neither threads nor messages nor time, so that tests can
/// run whole graphs in any order of events.
class StageDriver final : private Outbox {
 public:
  StageDriver(const ActorKind& kind, std::shared_ptr<Stage> stage, std::vector<InputLane> inputs,
              std::vector<OutputLane> outputs, Courier& courier);

  // What arrives from other actors. Call run() after it.
  void on_item(int lane, Payload item);
  void on_acknowledge(int lane, uint64_t items, int64_t bytes);
  void on_end(int lane);
  /// The job drains.
  void on_drain();

  /// Does at most `budget` pieces of work. Returns nullopt when there is more to do, else why not.
  std::optional<Idle> run(int budget);

  // After Idle::failed: what failed, and how to go on.
  const StageFailure& failure() const { return failure_; }
  /// A fresh stage handles the failed item again.
  void restart(std::shared_ptr<Stage> stage);
  /// The stage accounts for the item and goes on. Returns false when it has no way to.
  bool skip();

  int64_t items_handled() const { return items_handled_; }
  int64_t items_sent() const { return items_sent_; }
  int64_t bytes_sent() const { return bytes_sent_; }
  int64_t queued() const { return static_cast<int64_t>(queue_.size()); }
  /// Items under way on an edge of this actor's outputs.
  int64_t in_flight(int edge) const;

 private:
  struct Receipt {
    InputLane lane;
    uint64_t handled = 0;
    uint64_t acknowledged = 0;
    int64_t bytes = 0;
    bool ended = false;
  };
  struct Sender {
    OutputLane lane;
    CreditWindow window;
  };
  struct Queued {
    size_t receipt;
    Payload item;
  };
  struct Emission {
    int port;
    Payload item;
  };

  void emit(int port, Payload item) override;
  bool send_pending();
  /// The lane of each edge of the port that takes the item; empty when one has no credit.
  std::optional<std::vector<Sender*>> lanes_for(const Emission& emission);
  bool outputs_have_credit();
  void acknowledge_all(bool even_few);
  std::deque<Queued>::iterator next_acceptable();
  bool forward_inputs_ended() const;
  bool is_back_edge(size_t receipt) const;
  template <class Call>
  bool guarded(Call call);
  bool handle_next();
  bool ask_source();
  bool end_of_stream();

  const ActorKind& kind_;
  std::shared_ptr<Stage> stage_;
  Courier& courier_;
  std::vector<Receipt> receipts_;
  std::vector<Sender> senders_;
  std::deque<Queued> queue_;
  std::deque<Emission> pending_;
  bool is_source_ = false;
  bool source_finished_ = false;
  bool source_waits_ = false;
  bool flushed_ = false;
  bool failed_ = false;
  bool finished_ = false;
  StageFailure failure_;
  std::optional<Queued> failed_item_;
  int64_t items_handled_ = 0;
  int64_t items_sent_ = 0;
  int64_t bytes_sent_ = 0;
};

}  // namespace arno::graph
