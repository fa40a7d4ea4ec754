// SPDX-License-Identifier: Apache-2.0
#include "florence/training/slice_messages.h"

#include "common/error.h"

namespace arno::florence {
namespace {

template <class T>
void add_all(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void append(GradientSquares& before, const std::vector<double>& squares) {
  add_all(before.squares, squares);
}

void append(SliceState& before, const SliceState& own) {
  ARNO_CHECK(before.steps_done == own.steps_done, Errc::comm_failed,
             "[pipeline] the slice before is after {} steps, this one after {}", before.steps_done,
             own.steps_done);
  add_all(before.parameter_squares, own.parameter_squares);
  if (before.snapshot && own.snapshot) append(*before.snapshot, *own.snapshot);
}

void append(Snapshot& before, const Snapshot& own) {
  add_all(before.weights, own.weights);
  add_all(before.optimizer, own.optimizer);
}

}  // namespace arno::florence
