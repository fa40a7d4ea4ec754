// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/top/line.h"
#include "cli/top/state.h"

namespace arno::cli::top {

/// What is said above the tables: the job, its training, what holds it back, and what is wrong
/// (`problem`: why the state is an old one; empty when it is not).
std::vector<Line> header(const State& state, const std::string& problem, bool paused, size_t width);

}  // namespace arno::cli::top
