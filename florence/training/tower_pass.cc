// SPDX-License-Identifier: Apache-2.0
#include "florence/training/tower_pass.h"

#include <utility>

namespace arno::florence {
namespace {

/// What slices before gave, as a leaf that gets its gradient.
ops::Variable leaf(const ops::Tensor& input) {
  return input.defined() ? ops::Variable(input, /*requires_grad=*/true) : ops::Variable();
}

}  // namespace

TowerPass::TowerPass(std::vector<RowPart> parts, bool in_parts, int64_t width, Encode encode)
    : parts_(std::move(parts)), in_parts_(in_parts), encode_(std::move(encode)) {
  if (!in_parts_) return;
  const int64_t rows = parts_.back().start + parts_.back().length;
  features_ = ops::Variable(ops::Tensor::empty({rows, width}, ops::DType::f32),
                            /*requires_grad=*/true);
}

void TowerPass::add_features(size_t part, const ops::Tensor& input) {
  const RowPart& rows = parts_.at(part);
  if (in_parts_) {
    const ops::NoGrad no_grad;
    features_.mutable_value()
        .narrow(rows.start, rows.length)
        .copy_from(encode_(rows, leaf(input)).value());
  } else {
    input_ = leaf(input);
    features_ = encode_(rows, input_);
  }
  ++made_;
}

ops::Tensor TowerPass::backward(size_t part, const ops::Tensor& input) const {
  const RowPart& rows = parts_.at(part);
  const ops::Tensor grad = features_.grad().narrow(rows.start, rows.length);
  const ops::Variable from = leaf(input);
  ops::backward(encode_(rows, from),
                rows.counts ? grad : ops::Tensor::zeros(grad.shape(), grad.dtype()));
  return from.defined() ? from.grad() : ops::Tensor();
}

}  // namespace arno::florence
