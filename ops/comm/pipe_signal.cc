// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/detail/pipe_signal.h"

#include <ctime>

namespace arno::ops::detail {
namespace {

sigset_t only_pipe_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

bool is_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

PipeSignalBlocked::PipeSignalBlocked() : was_pending_(is_pending()) {
  const sigset_t set = only_pipe_signal();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

PipeSignalBlocked::~PipeSignalBlocked() {
  if (!was_pending_ && is_pending()) {
    // Taken here, or it would be delivered as soon as the mask is back.
    const sigset_t set = only_pipe_signal();
    const timespec at_once{};
    sigtimedwait(&set, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace arno::ops::detail
