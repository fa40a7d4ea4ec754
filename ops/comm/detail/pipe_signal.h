// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

namespace arno::ops::detail {

/// While one lives, a write of this thread (or of a thread that it starts) to a connection that the
/// peer has closed fails instead of ending the process. For libraries that write without
/// MSG_NOSIGNAL; other threads keep the process's setting.
class PipeSignalBlocked {
 public:
  PipeSignalBlocked();
  ~PipeSignalBlocked();
  PipeSignalBlocked(const PipeSignalBlocked&) = delete;
  PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

 private:
  sigset_t before_;
  bool was_pending_;
};

}  // namespace arno::ops::detail
