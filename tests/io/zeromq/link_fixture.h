// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/zeromq/payload_link.h"

namespace arno::io {

/// A link that writes down what happens to it.
class RecordingLink {
 public:
  /// `change` adjusts the options.
  explicit RecordingLink(const std::string& node,
                         const std::function<void(PayloadLinkOptions&)>& change = {});

  PayloadLink& link() { return *link_; }
  const std::string& address() const { return link_->address(); }
  /// Ends the link.
  void close() { link_.reset(); }

  /// Waits until so many messages have come; fails the test after 20 s. All of them, with sender.
  std::vector<std::pair<std::string, Message>> messages(size_t count);
  /// The same with events of peers.
  std::vector<PeerEvent> events(size_t count);

 private:
  template <class T>
  std::vector<T> wait_for(const std::vector<T>& what, size_t count);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, Message>> messages_;
  std::vector<PeerEvent> events_;
  std::unique_ptr<PayloadLink> link_;
};

/// An item on lane 0.
Message item(uint64_t number, std::vector<SharedBytes> parts = {});

/// Bytes that depend on the seed.
SharedBytes random_bytes(size_t size, uint64_t seed);

bool equal(const SharedBytes& a, const SharedBytes& b);

}  // namespace arno::io
