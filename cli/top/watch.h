// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/top/client.h"

namespace arno::cli::top {

/// Keeps a picture of a job on the terminal until the person at the keyboard has seen enough (q,
/// Ctrl-C). On any other end the terminal is as before too; a signal that asked for it ends the
/// process. `first`: what the job said at the start.
void watch(Client client, Snapshot first);

}  // namespace arno::cli::top
