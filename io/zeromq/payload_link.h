// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/failure_budget.h"
#include "io/zeromq/frame.h"
#include "io/zeromq/job_key.h"

namespace arno::io {

/// What became of a peer.
struct PeerEvent {
  enum Kind {
    connected,  ///< said hello; what was sent before is on its way
    lost,       ///< the connection ended; what was sent may or may not have arrived
    refused,    ///< by one of the two sides, before anything was delivered
  };
  Kind kind = connected;
  std::string peer;     ///< its name; empty for one that was refused before it said it
  std::string address;  ///< as far as known
  std::string text;     ///< lost, refused: why, in one line
};

struct PayloadLinkOptions {
  std::string node;                           ///< own name, unique in the job
  std::string job;                            ///< a peer of another job is refused
  std::string listen = "tcp://127.0.0.1:*";   ///< port * is any free one
  std::optional<JobKey> key{};                ///< set: only peers that have it, encrypted
  int64_t max_part_bytes = int64_t{1} << 30;  ///< a peer that sends a larger part is lost
  int max_peers = 1024;                       ///< more that connect are refused
  /// A peer is lost when for so long nothing that is sent reaches its machine, whose kernel says
  /// what does: the network is cut, however busy the peer is. A connection takes no longer.
  std::chrono::milliseconds cut_limit = kCutLimit;
  /// A peer that the network reaches is lost when it is silent for so long, and its hello takes no
  /// longer. It has to be longer than the largest part takes on the slowest network.
  std::chrono::milliseconds silence_limit = 5 * kFailureBudget;
  /// How long the destructor waits for what was sent to leave.
  std::chrono::milliseconds linger{1'000};
  /// Called on the link's own thread, one call at a time. They must not block and must not throw;
  /// they may call the link.
  std::function<void(const std::string& peer, Message message)> on_message;
  std::function<void(const PeerEvent& event)> on_peer;
};

/// One end of the payload plane: listens to peers, connects to peers, carries messages both ways.
///
/// A session with a peer begins by connect() on one of the two sides and `connected` on both, and
/// ends by `lost`. In it messages arrive once and in the order in which they were sent; on_message
/// has had all that arrived before `lost` is reported. A session is never resumed: after `lost` a
/// new connect() begins another. What is under way is not bounded here but by the credit of the
/// lanes. One thread of its own; no call waits for the network.
class PayloadLink {
 public:
  /// Listens. Throws comm_failed when that is not possible, invalid_argument for wrong options.
  explicit PayloadLink(PayloadLinkOptions options);
  PayloadLink(const PayloadLink&) = delete;
  PayloadLink& operator=(const PayloadLink&) = delete;
  /// Ends all sessions, without on_peer, after what was sent has left.
  ~PayloadLink();

  /// Where it listens: "tcp://127.0.0.1:40123".
  const std::string& address() const;

  /// Begins a session with the node of this name; on_peer says what came of it. Does nothing while
  /// there is a session with it, whoever began it. Thread-safe.
  void connect(const std::string& peer, const std::string& address);
  /// Hands a message over; its parts are not copied. Returns false when there is no session with
  /// the peer. An acknowledgement takes the place of one of its lane that has not left yet. Throws
  /// invalid_argument for a message that no peer would take. Thread-safe.
  bool send(const std::string& peer, Message message);
  /// Ends a session, reported as `lost` with this reason: for one who knows from elsewhere that
  /// the peer is gone. Thread-safe.
  void drop(const std::string& peer, const std::string& reason);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::io
