// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/top/client.h"

namespace arno::cli::top {

/// Asks a job again and again, in a thread of its own: a job that does not answer holds no key up.
class Poller {
 public:
  Poller(Client client, std::chrono::milliseconds interval);
  /// Waits for an answer that is under way.
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// An answer: one of the two.
  struct Answer {
    std::optional<Snapshot> snapshot;
    std::string problem;  ///< why there is none, printable
  };

  /// A file descriptor that is readable when there is an answer to take.
  int wake_fd() const { return wake_fd_; }
  /// The newest answer that was not taken yet.
  std::optional<Answer> take();

 private:
  void ask(Client& client);

  int wake_fd_;
  std::mutex mutex_;
  std::optional<Answer> answer_;
  std::jthread thread_;
};

}  // namespace arno::cli::top
