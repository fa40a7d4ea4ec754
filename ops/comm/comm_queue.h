// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "ops/comm/communicator.h"

namespace arno::ops {

/// How the time of a queue was spent, in seconds.
struct CommTimes {
  double busy_s = 0;    ///< its thread was in jobs
  double waited_s = 0;  ///< callers were in wait()

  /// The share of the communication that the callers did not wait for; 1 when there was none.
  double hidden() const;
};

/// Runs collectives on a thread of its own while the caller computes, in the order in which they
/// were handed in: when every rank hands in the same, their calls agree. One thread hands in.
class CommQueue {
 public:
  using Job = std::function<void(Communicator&)>;
  /// Stands for a job.
  using Ticket = uint64_t;

  explicit CommQueue(std::shared_ptr<Communicator> group);
  /// Ends the group when something handed in is not done yet.
  ~CommQueue();
  CommQueue(const CommQueue&) = delete;
  CommQueue& operator=(const CommQueue&) = delete;

  Ticket submit(Job job);
  /// Returns when the job and all before it are done. Throws what the first that failed threw;
  /// those after it are not run.
  void wait(Ticket ticket);
  /// Waits for everything handed in.
  void wait_all();

  /// For calls of one's own while the queue is empty.
  Communicator& group() { return *group_; }
  CommTimes times() const;

 private:
  void run();

  std::shared_ptr<Communicator> group_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  Ticket submitted_ = 0;
  Ticket done_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
  CommTimes times_;
  std::thread thread_;
};

}  // namespace arno::ops
