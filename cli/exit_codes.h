// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace arno::cli {

/// What the process returns. Also in `arno --help`.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< the work failed; the last line on standard error says why
  kBadUsage = 2,       ///< the command line or a configuration file has problems; nothing was done
  kInterrupted = 130,  ///< stopped by Ctrl-C or SIGTERM after a checkpoint; --resume goes on
};

}  // namespace arno::cli
