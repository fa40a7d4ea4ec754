// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/shared_bytes.h"
#include "io/detail/file_descriptor.h"

namespace arno::io::detail {

/// What a link's callers ask of its thread.
struct ConnectCommand {
  std::string peer;
  std::string address;
};
struct SendCommand {
  std::string peer;
  std::vector<SharedBytes> frames;  ///< header and parts
};
struct DropCommand {
  std::string peer;
  std::string reason;
};
using LinkCommand = std::variant<ConnectCommand, SendCommand, DropCommand>;

/// Commands on their way to the link's thread, and which peers have a session. Thread-safe.
class LinkMailbox {
 public:
  LinkMailbox();

  void connect(const std::string& peer, const std::string& address);
  bool send(const std::string& peer, std::vector<SharedBytes> frames);
  /// The same of an acknowledgement, in place of one of the lane that has not been taken yet: the
  /// newest says it all.
  bool acknowledge(const std::string& peer, int32_t lane, std::vector<SharedBytes> frames);
  void drop(const std::string& peer, const std::string& reason);
  void stop();

  // For the link's thread.
  /// Becomes readable when take() or stopped() has something to say.
  int wake_up() const { return event_.get(); }
  std::vector<LinkCommand> take();
  bool stopped() const;
  /// Notes a session that the peer began. Returns false when there was one.
  bool add_session(const std::string& peer);
  void remove_session(const std::string& peer);

 private:
  void push(LinkCommand command);
  void wake() const;

  FileDescriptor event_;
  mutable std::mutex mutex_;
  std::vector<LinkCommand> commands_;
  std::map<std::pair<std::string, int32_t>, size_t> acknowledgements_;  ///< where, by peer and lane
  std::set<std::string> sessions_;
  bool stopped_ = false;
};

}  // namespace arno::io::detail
