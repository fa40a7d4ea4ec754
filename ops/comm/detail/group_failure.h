// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "common/error.h"

namespace arno::ops::detail {

/// Why a group has failed, if it has: the first reason stays. Not thread-safe.
class GroupFailure {
 public:
  bool is_set() const { return !text_.empty(); }
  /// False when there is a reason already.
  bool set(Errc code, std::string text) {
    if (is_set()) return false;
    code_ = code;
    text_ = std::move(text);
    return true;
  }
  /// Throws the reason.
  void check() const {
    if (is_set()) throw Error(code_, text_);
  }

 private:
  Errc code_ = Errc::comm_failed;
  std::string text_;  ///< empty while the group works
};

}  // namespace arno::ops::detail
