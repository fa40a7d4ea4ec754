// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <future>
#include <memory>
#include <string>

#include "graph/drop_protocol.h"
#include "graph/lanes.h"
#include "graph/payload.h"

// The messages between shells and their supervisor. None crosses a process boundary.
namespace arno::graph {

/// Begin: ask sources, take items.
struct Start {};
/// An item on a lane.
struct Deliver {
  int lane;
  Payload item;
};
/// The consumer is done with the first `items` items of a lane, `bytes` in all.
struct Acknowledge {
  int lane;
  uint64_t items;
  int64_t bytes;
};
/// No item follows on this lane.
struct EndOfStream {
  int lane;
};
/// Sources issue nothing new.
struct Drain {};
/// A lane comes in; its producer is an actor that takes ShellActor's messages.
struct AddInput {
  InputLane lane;
  int peer = -1;  ///< number of the producer
  caf::strong_actor_ptr producer;
};
/// A lane goes out; answered by OutputAdded.
struct AddOutput {
  OutputLane lane;
  std::string edge;  ///< its name
  int peer = -1;     ///< number of the consumer
  caf::strong_actor_ptr consumer;
};
/// End the stream of a lane, and send nothing more on it.
struct CloseOutput {
  int lane;
};
/// The consumer of a lane was lost: what was under way to it is not waited for.
struct DropOutput {
  int lane;
};
/// Items may have been lost on their way: sources send again what has not arrived.
struct Redeliver {};
/// A lane may hold more or less.
struct ResizeLane {
  int lane;
  int64_t capacity_items;
  int64_t capacity_bytes;
};
/// Go on under other options; the promise gets them as the stage took them, or why it did not.
struct AdoptOptions {
  std::shared_ptr<const ActorOptions> options;
  std::shared_ptr<std::promise<std::shared_ptr<const ActorOptions>>> adopted;
};
/// Quit once nothing can arrive any more.
struct Leave {};
/// What a source waits for may have come.
struct Wake {};
/// A shell's note to itself: there is more to do.
struct Continue {};

/// What the supervisor decided about a failed stage.
enum class Decision { restart, skip };

/// The answer to AddInput; a shell that has ended its outputs takes no lane.
struct InputAdded {
  int lane;
  bool taken;
};
/// The answer to AddOutput.
struct OutputAdded {
  int lane;
};
/// A stage has sent the end of its streams.
struct StageFinished {
  int shell;
};
/// A stage failed and waits for a decision.
struct StageFailed {
  int shell;
  Errc code;
  std::string text;
  bool fatal;  ///< no policy helps
};
struct JobChange;
/// Change the graph; the first one starts it.
struct ChangeJob {
  std::shared_ptr<JobChange> change;
};
/// The producer of a lane has let go of a lost consumer.
struct OutputDropped {
  int lane;
};
/// Begin an ordered end.
struct DrainJob {};
/// Let everything come to its end as in a drain, but for the job: the graph is to start anew. The
/// promise gets false when something was lost or dropped meanwhile, or the job ends.
struct FinishGraph {
  std::string why;
  std::shared_ptr<std::promise<bool>> finished;
};
/// End at once.
struct AbortJob {
  std::string reason;
};
/// The drain has taken too long.
struct DrainTimedOut {};

using ShellActor = caf::typed_actor<caf::reacts_to<Start>,         // begin
                                    caf::reacts_to<Deliver>,       // an item arrived
                                    caf::reacts_to<Acknowledge>,   // credit returned
                                    caf::reacts_to<EndOfStream>,   // a producer is finished
                                    caf::reacts_to<Drain>,         // finish what is under way
                                    caf::reacts_to<AddInput>,      // answered by InputAdded
                                    caf::reacts_to<AddOutput>,     // one more lane to choose from
                                    caf::reacts_to<CloseOutput>,   // one lane less
                                    caf::reacts_to<DropOutput>,    // one lane less, at once
                                    caf::reacts_to<Redeliver>,     // to sources
                                    caf::reacts_to<ResizeLane>,    // more or less credit
                                    caf::reacts_to<AdoptOptions>,  // answered by its promise
                                    caf::reacts_to<Leave>,         // go when all is done
                                    caf::reacts_to<Wake>,          // ask the source again
                                    caf::reacts_to<Continue>,      // go on working
                                    caf::reacts_to<Decision>>;     // after a failure

using SupervisorActor = caf::typed_actor<caf::reacts_to<ChangeJob>,       // start or change
                                         caf::reacts_to<InputAdded>,      // part of a change
                                         caf::reacts_to<OutputAdded>,     // part of a change
                                         caf::reacts_to<DropShells>,      // go on without them
                                         caf::reacts_to<OutputDropped>,   // part of that
                                         caf::reacts_to<FinishRecovery>,  // the rest of it
                                         caf::reacts_to<StageFinished>,   // a stage is through
                                         caf::reacts_to<StageFailed>,     // apply the policy
                                         caf::reacts_to<DrainJob>,        // drain all sources
                                         caf::reacts_to<FinishGraph>,     // answered by its promise
                                         caf::reacts_to<AbortJob>,        // end at once
                                         caf::reacts_to<DrainTimedOut>>;

}  // namespace arno::graph

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Start)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Acknowledge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::EndOfStream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::AddInput)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::AddOutput)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::CloseOutput)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::DropOutput)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Redeliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::ResizeLane)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::AdoptOptions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Leave)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Continue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::Decision)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::InputAdded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::OutputAdded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::StageFinished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::StageFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::ChangeJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::DropShells)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::OutputDropped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::FinishRecovery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::DrainJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::FinishGraph)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::AbortJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::DrainTimedOut)
