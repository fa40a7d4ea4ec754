// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "florence/training/trainer.h"

namespace arno::actors {

/// What a model shard knows of the shards before it, of each tower that is cut.
class Fronts {
 public:
  Fronts(bool image, bool text) : there_{image, text} {}

  bool is_there(florence::Tower tower) const { return there_[static_cast<size_t>(tower)]; }
  bool any() const { return there_[0] || there_[1]; }

  void take(florence::Tower tower, const florence::GradientSquares& squares) {
    at(tower).squares = squares.squares;
  }
  void take(florence::Tower tower, const florence::SliceState& state) { at(tower).state = state; }

  /// The squares of this step's gradients have come from all.
  bool have_squares() const;
  /// Gives them away: the next ones are of another step.
  florence::FrontSquares take_squares();
  /// The states after so many steps have come from all.
  bool have_states(int64_t steps_done) const;
  florence::FrontSquares parameter_squares() const;
  /// Null for a tower that is not cut. Throws comm_failed when none has come.
  const florence::Snapshot* snapshot(florence::Tower tower) const;
  void drop_states();

 private:
  struct Front {
    std::optional<std::vector<double>> squares;
    std::optional<florence::SliceState> state;
  };
  Front& at(florence::Tower tower) { return fronts_[static_cast<size_t>(tower)]; }

  std::array<bool, 2> there_;    ///< by tower
  std::array<Front, 2> fronts_;  ///< by tower
};

}  // namespace arno::actors
