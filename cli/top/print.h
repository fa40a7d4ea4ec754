// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/top/state.h"

namespace arno::cli::top {

/// Prints everything there is to say of a job on the standard output, without colours: as wide as
/// the terminal, or 120 columns where there is none.
void print(const Snapshot& snapshot);

}  // namespace arno::cli::top
