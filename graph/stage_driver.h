// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/actor_kind.h"
#include "graph/lanes.h"
#include "graph/output_lanes.h"
#include "graph/stage.h"
#include "graph/stage_failure.h"

namespace arno::graph {

/// Why a driver has nothing to do.
enum class Idle {
  starved,   ///< waits for an input
  blocked,   ///< waits for credit
  failed,    ///< waits for the supervisor's decision
  finished,  ///< has sent the end of the stream
};

/// A call into a stage.
struct StageCall {
  enum Kind { item, produce, drain, end, skip };

  Kind kind = item;
  int port = 0;  ///< where the item came in; 0 for other calls
  /// Of the item; of the first one that was emitted when there is none.
  ItemTag tag;
};

/// What a driver has done so far.
struct DriverCounts {
  int64_t calls = 0;      ///< into the stage
  int64_t handled = 0;    ///< items the stage took
  int64_t skipped = 0;    ///< items that failed and were accounted for
  int64_t discarded = 0;  ///< items that came on a back edge, or at all, after the end
  int64_t sent = 0;       ///< items, each once however many edges it took
  int64_t sent_bytes = 0;
};

/// Runs one stage under the rules of the graph: credits, acknowledgements, the order of sending,
/// the end of the stream, failures. Knows neither threads nor messages nor time, so that tests can
/// run whole graphs in any order of events.
class StageDriver final : private Outbox {
 public:
  /// A driver without lanes. `kind` and `courier` outlive it.
  StageDriver(const ActorKind& kind, std::shared_ptr<Stage> stage, Courier& courier);

  // Lanes come and go while the stage works; what is under way on them is lost in no case.
  /// False when the driver has ended its outputs and so takes no input any more.
  bool add_input(const InputLane& lane);
  /// Of a driver that has ended its outputs the new one ends at once.
  void add_output(const OutputLane& lane) { outputs_.add(lane, finished_); }
  /// Sends the end of the stream on a lane; items take the other lanes from now on.
  void close_output(int lane) { outputs_.close(lane); }
  /// The consumer of a lane was lost: items take the other lanes, nothing is waited for.
  void drop_output(int lane) { outputs_.drop(lane); }
  /// Changes what a lane, in or out, may hold.
  void resize(int lane, int64_t capacity_items, int64_t capacity_bytes);
  /// The stage goes on under other options; see Stage::adopt().
  std::shared_ptr<const ActorOptions> adopt(std::shared_ptr<const ActorOptions> options) {
    source_waits_ = false;
    return stage_->adopt(std::move(options));
  }

  // What arrives from other actors. Call run() after it. Throw comm_failed for what cannot be.
  void on_item(int lane, Payload item);
  void on_acknowledge(int lane, uint64_t items, int64_t bytes);
  void on_end(int lane);
  /// What a source waits for may have come.
  void on_wake() { source_waits_ = false; }
  void on_redeliver() {
    source_waits_ = false;
    if (!finished_) stage_->on_redeliver();
  }
  /// The job drains.
  void on_drain();

  /// Calls the stage at most `budget` times. Returns nullopt when there is more to do, else why
  /// there is not.
  std::optional<Idle> run(int budget);

  // After Idle::failed: what failed, and how to go on.
  const StageFailure& failure() const { return failure_; }
  /// A fresh stage handles the failed item again.
  void restart(std::shared_ptr<Stage> stage);
  /// The stage accounts for the item and goes on; the failure turns fatal when it has no way to.
  void skip();

  const DriverCounts& counts() const { return counts_; }
  /// The last of counts().calls.
  const StageCall& last_call() const { return call_; }
  /// Whether the stage has ended and nothing can arrive any more.
  bool is_done() const { return finished_ && all_inputs_ended(); }
  int64_t queued() const { return static_cast<int64_t>(queue_.size()); }
  /// Of an edge of this actor's outputs.
  EdgeCounts edge(int edge) const { return outputs_.edge(edge); }

 private:
  /// An input lane and how far it has come.
  struct Receipt {
    InputLane lane;
    uint64_t handled = 0;
    int64_t bytes = 0;  ///< of the handled items
    uint64_t acknowledged = 0;
    int64_t acknowledged_bytes = 0;
    bool ended = false;
  };
  struct Queued {
    size_t receipt;
    Payload item;
  };
  /// An item that the stage took.
  struct Held {
    size_t receipt;
    int64_t bytes;
  };
  struct Emission {
    int port;
    Payload item;
  };

  void emit(int port, Payload item) override;
  bool flush();
  bool send_pending();
  bool outputs_have_credit();
  void settle(const Queued& queued);
  void return_held();
  void count_as_handled(const Held& held);
  bool has_room_for(int port);
  void acknowledge_all(bool even_few);
  template <class Call>
  bool guarded(const StageCall& what, Call call);
  bool handle_next();
  bool ask_source();
  bool end_of_stream();
  Idle idle();
  bool is_stuck() const;
  bool forward_inputs_ended() const;
  bool all_inputs_ended() const;
  void discard_queue();

  const ActorKind& kind_;
  std::shared_ptr<Stage> stage_;
  Courier& courier_;
  std::vector<Receipt> receipts_;
  OutputLanes outputs_;
  std::deque<Queued> queue_;
  std::deque<Emission> pending_;
  std::optional<Queued> unsettled_;     ///< handled, but what it made emit is not all sent
  std::vector<std::deque<Held>> held_;  ///< by input port: what the stage still works on
  bool waits_for_room_ = false;         ///< an item would be handed over, had an output room
  bool is_source_ = false;
  bool source_finished_ = false;
  bool source_waits_ = false;
  bool draining_ = false;
  bool flushed_ = false;
  bool failed_ = false;
  bool finished_ = false;
  StageFailure failure_;
  std::optional<Queued> failed_item_;
  DriverCounts counts_;
  StageCall call_;
};

}  // namespace arno::graph
