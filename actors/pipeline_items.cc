// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline_items.h"

namespace arno::actors {
namespace {

using florence::ActivationGradient;
using florence::GradientSquares;
using florence::MicroBatch;
using florence::SliceStart;
using florence::SliceState;
using florence::StepDecision;

/// One function for each alternative of a variant.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

size_t bytes_of(const std::optional<florence::Snapshot>& snapshot) {
  return snapshot ? snapshot->size_bytes() : 0;
}

}  // namespace

size_t ForwardItem::size_bytes() const {
  return std::visit(
      Overloaded{[](const MicroBatch& part) { return part.size_bytes(); },
                 [](const GradientSquares& of) { return of.squares.size() * sizeof(double); },
                 [](const SliceState& state) { return bytes_of(state.snapshot); }},
      content);
}

size_t BackwardItem::size_bytes() const {
  return std::visit(Overloaded{[](const SliceStart& start) { return bytes_of(start.snapshot); },
                               [](const ActivationGradient& gradient) {
                                 return gradient.grad.defined() ? gradient.grad.size_bytes() : 0;
                               },
                               [](const StepDecision&) { return sizeof(StepDecision); }},
                    content);
}

ItemTag item_tag(const ForwardItem& item) {
  return {.step = std::visit(Overloaded{[](const MicroBatch& part) { return part.step + 1; },
                                        [](const GradientSquares& of) { return of.step + 1; },
                                        [](const SliceState& state) { return state.steps_done; }},
                             item.content)};
}

ItemTag item_tag(const BackwardItem& item) {
  return {.step = std::visit(
              Overloaded{[](const SliceStart& start) {
                           return (start.snapshot ? start.snapshot->step : 0) + 1;
                         },
                         [](const ActivationGradient& gradient) { return gradient.step + 1; },
                         [](const StepDecision& decision) { return decision.step + 1; }},
              item.content)};
}

}  // namespace arno::actors
