// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace arno::graph {

/// How a job ended.
struct JobResult {
  enum class Outcome {
    completed,  ///< every stream ended by itself
    drained,    ///< ended early because it was asked to, in order
    failed,     ///< aborted; `error` says why
  };
  Outcome outcome = Outcome::completed;
  std::string error;
};

}  // namespace arno::graph
