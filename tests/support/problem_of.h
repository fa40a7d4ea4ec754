// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "common/error.h"

namespace arno::testing {

/// The text of the error that an action throws, which must have this code; "no error" without one.
template <class Action>
std::string problem_of(Errc code, Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

}  // namespace arno::testing
