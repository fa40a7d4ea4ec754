// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/actor_kind.h"
#include "graph/messages.h"
#include "io/zeromq/payload_link.h"

namespace arno::graph {

struct LaneRouterOptions {
  std::string node;    ///< own name
  std::string job;     ///< whose lanes they are
  std::string listen;  ///< "tcp://host:port"
  std::string key;     ///< folder of the job key; empty: none
  /// A link to a node that takes part has ended: what was under way on it is lost. From a thread of
  /// the link, which must not be held up.
  std::function<void(const std::string& node, const std::string& why)> on_lost{};
};

/// A process's end of the lanes that lead to other processes: items, acknowledgements and ends of
/// streams leave as messages of the payload plane, and those that come in go to the shells they are
/// meant for. Thread-safe.
class LaneRouter {
 public:
  /// `registry` has the codecs, and outlives the router. Throws as PayloadLink and read_job_key().
  LaneRouter(const Registry& registry, const LaneRouterOptions& options);

  const std::string& address() const { return link_->address(); }
  void connect(const std::string& node, const std::string& address);
  /// Takes nothing from a node any more.
  void forget(const std::string& node);
  /// A node of this name takes part, perhaps again.
  void expect(const std::string& node);

  // Who is at this end of a lane.
  void add_consumer(int lane, ShellActor shell);
  void add_producer(int lane, ShellActor shell);
  /// Lets go of all shells, and tells nobody any more.
  void clear();

  // What leaves. It waits for a node that has not connected yet; to one that is gone it goes
  // nowhere, and who lost it hears of that.
  void deliver(const std::string& node, int lane, uint64_t number, const Payload& item);
  void acknowledge(const std::string& node, const Acknowledge& message);
  void end(const std::string& node, int lane, uint64_t number);

 private:
  void send(const std::string& node, io::Message message);
  void leave(const std::string& node);
  void on_peer(const io::PeerEvent& event);
  void take(const std::string& node, const io::Message& message);
  void route(const io::Message& message);

  const Registry& registry_;
  std::mutex mutex_;
  std::unordered_map<int, ShellActor> consumers_;
  std::unordered_map<int, ShellActor> producers_;
  std::set<std::string> forgotten_;
  std::mutex telling_;  ///< guards what follows, and is held while it is called
  std::function<void(const std::string&, const std::string&)> on_lost_;
  std::mutex sending_;  ///< guards what follows
  std::set<std::string> connected_;
  std::set<std::string> gone_;                                         ///< nodes that were there
  std::unordered_map<std::string, std::vector<io::Message>> waiting_;  ///< by node, to connect
  std::unique_ptr<io::PayloadLink> link_;
};

/// Spawns a stand-in for shells of another node. What is sent to it on a lane leaves through the
/// router. `give`: takes the orders to shell `number`; null where there are none to give.
struct RemoteShell {
  int number = -1;
  std::string node;
  std::shared_ptr<LaneRouter> router;
  std::function<void(const struct ShellOrder&)> give;
};
ShellActor spawn_remote_shell(caf::actor_system& system, RemoteShell remote);

}  // namespace arno::graph
