// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

#include "common/error.h"

namespace arno::graph {

/// What a stage failed on.
struct StageFailure {
  Errc code = Errc::invalid_argument;
  std::string text;
  /// No policy helps: it was not an arno::Error, or the stage cannot skip the item.
  bool fatal = false;
};

/// What was thrown.
StageFailure failure_of(const std::exception_ptr& exception);

}  // namespace arno::graph
