// SPDX-License-Identifier: Apache-2.0
#include "actors/model_shard/fronts.h"

#include <utility>

#include "common/error.h"

namespace arno::actors {

bool Fronts::have_squares() const {
  for (size_t i = 0; i < fronts_.size(); ++i) {
    if (there_[i] && !fronts_[i].squares) return false;
  }
  return true;
}

florence::FrontSquares Fronts::take_squares() {
  const auto taken = [](Front& front) {
    return std::exchange(front.squares, std::nullopt).value_or(std::vector<double>());
  };
  return {.image = taken(fronts_[0]), .text = taken(fronts_[1])};
}

bool Fronts::have_states(int64_t steps_done) const {
  for (size_t i = 0; i < fronts_.size(); ++i) {
    const auto& state = fronts_[i].state;
    if (there_[i] && !(state && state->steps_done == steps_done)) return false;
  }
  return true;
}

florence::FrontSquares Fronts::parameter_squares() const {
  const auto of = [](const Front& front) {
    return front.state ? front.state->parameter_squares : std::vector<double>();
  };
  return {.image = of(fronts_[0]), .text = of(fronts_[1])};
}

const florence::Snapshot* Fronts::snapshot(florence::Tower tower) const {
  if (!is_there(tower)) return nullptr;
  const auto& state = fronts_[static_cast<size_t>(tower)].state;
  ARNO_CHECK(state && state->snapshot, Errc::comm_failed,
             "[model_shard] the shards before it sent no state");
  return &*state->snapshot;
}

void Fronts::drop_states() {
  for (Front& front : fronts_) front.state.reset();
}

}  // namespace arno::actors
