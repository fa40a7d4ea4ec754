// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

namespace arno::graph {

/// Takes what is wrong at a dotted path of a job file.
using ReportProblem = std::function<void(const std::string& key, std::string text)>;

/// What was expected: "one of read, decode".
inline std::string one_of(const std::vector<std::string>& names) {
  return names.empty() ? "none, as there is none"
                       : fmt::format("one of {}", fmt::join(names, ", "));
}

}  // namespace arno::graph
