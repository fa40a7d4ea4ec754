// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/comm_queue.h"

#include <omp.h>

#include <algorithm>

#include "common/stop_watch.h"

namespace arno::ops {

double CommTimes::hidden() const {
  return busy_s > 0 ? std::clamp(1 - waited_s / busy_s, 0.0, 1.0) : 1.0;
}

CommQueue::CommQueue(std::shared_ptr<Communicator> group)
    : group_(std::move(group)), thread_([this] { run(); }) {}

CommQueue::~CommQueue() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    if (done_ < submitted_ && !failure_) group_->abort("it left with calls under way");
    changed_.notify_all();
  }
  thread_.join();
}

CommQueue::Ticket CommQueue::submit(Job job) {
  const std::scoped_lock lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.notify_all();
  return ++submitted_;
}

void CommQueue::wait(Ticket ticket) {
  StopWatch watch;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ >= ticket || failure_; });
  times_.waited_s += watch.lap();
  if (failure_) std::rethrow_exception(failure_);
}

void CommQueue::wait_all() { wait(submitted_); }

CommTimes CommQueue::times() const {
  const std::scoped_lock lock(mutex_);
  return times_;
}

void CommQueue::run() {
  // The cores belong to the caller, who computes meanwhile.
  omp_set_num_threads(1);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (failure_) continue;
    lock.unlock();
    StopWatch watch;
    std::exception_ptr failure;
    try {
      job(*group_);
    } catch (...) {
      failure = std::current_exception();
    }
    job = {};
    lock.lock();
    times_.busy_s += watch.lap();
    failure_ = failure;
    ++done_;
    changed_.notify_all();
  }
}

}  // namespace arno::ops
