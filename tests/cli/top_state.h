// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/top/line.h"

namespace arno::cli::top {

/// Replies of a job's port in the middle of a training of 10 actors and 12 edges.
std::string state_reply();
std::string events_reply();

/// The lines as they would be without styles.
std::vector<std::string> plain_texts(const std::vector<Line>& lines);

}  // namespace arno::cli::top
