// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/error.h"
#include "graph/payload.h"

namespace arno::florence {
struct Snapshot;
}

namespace arno::graph {

class ActorOptions;

/// What a stage may do while it handles something.
class Outbox {
 public:
  virtual ~Outbox() = default;
  /// Sends an item to every edge of an output port (index into ActorKind::outputs). The shell
  /// holds it until each of those edges has credit and gives the stage no further input before.
  virtual void emit(int port, Payload item) = 0;
};

/// What a source did when it was asked for more.
enum class Produced {
  item,      ///< something was emitted; ask again
  waiting,   ///< nothing to emit before the next input arrives, or the stage wakes its actor
  finished,  ///< nothing to emit ever again
};

/// What an output has to admit.
struct Room {
  int port = 0;  ///< index into ActorKind::outputs
  int64_t bytes = 0;
};

/// The logic of an actor: a plain class without messages, threads or clocks. One shell, the same
/// for all kinds, turns messages into these calls: never two at a time, and the next only when
/// everything emitted before has been sent.
///
/// A stage that cannot go on throws arno::Error; the supervisor then restarts it, skips the item
/// or stops the job, as the configuration says.
class Stage {
 public:
  virtual ~Stage() = default;

  /// Told before the first call: from any thread, while the stage lives, `wake` makes the actor ask
  /// a source again that said it waits. For what comes by other ways than edges.
  virtual void set_wake(std::function<void()> /*wake*/) {}

  /// An item arrived on an input port (index into ActorKind::inputs). Its credit returns to the
  /// sender after this call, once what it emitted has been sent.
  virtual void on_item(int port, const Payload& item, Outbox& out) = 0;

  /// Whether the stage can take an item of this port now. What it cannot take stays with the shell,
  /// unacknowledged, so that a stage which waits holds back its sender. Asked anew after each call.
  virtual bool accepts(int /*port*/) const { return true; }
  /// The same of one item, for a stage to which items of a port differ.
  virtual bool accepts_item(int port, const Payload&) const { return accepts(port); }

  /// How many of the items of this port the stage still works on, the last ones that it took. Their
  /// credit returns when it works on fewer, and so bounds how many these are.
  virtual int64_t holds(int /*port*/) const { return 0; }

  /// What an output must have room for before an item of this port is handed over. A stage that
  /// answers to other inputs meanwhile does not have to wait for credit with the item in its hands.
  virtual std::optional<Room> room_for(int /*port*/) const { return std::nullopt; }

  /// Asked of sources (kinds without forward inputs) whenever all their outputs have credit.
  virtual Produced produce(Outbox&) { return Produced::finished; }

  /// The job drains: a source issues nothing new and finishes once what it issued is through.
  virtual void on_drain() {}

  /// Every forward input has ended: emit what is left. End of stream follows on all outputs.
  virtual void on_end(Outbox&) {}

  /// Whether the stage waits for a back edge before it may end.
  virtual bool has_pending_work() const { return false; }

  /// Items may have been lost on their way: a source emits again what nobody has said has arrived.
  virtual void on_redeliver() {}

  /// Goes on under options that were extended, and returns them as they are from now on (with what
  /// it chose filled in). Only kinds whose options can be extended are asked. Throws when it
  /// cannot; it then goes on as before.
  virtual std::shared_ptr<const ActorOptions> adopt(std::shared_ptr<const ActorOptions>) {
    fail(Errc::unsupported, "[stage] the options of a running actor stay as they are");
  }

  /// The whole state of the training after the last step that this stage has finished, and told of
  /// where it tells of steps; null where it has not all of it. Asked when the graph has ended (to
  /// start anew, or as its launcher is gone), possibly after a call that failed, never during one.
  virtual std::shared_ptr<const florence::Snapshot> committed() const { return nullptr; }

  /// Skip policy: accounts for an item that failed (by telling its source, say). Returns false
  /// when the stage has no way to, and the job stops.
  virtual bool on_skip(const Payload&, const std::string& /*cause*/, Outbox&) { return false; }
};

}  // namespace arno::graph
