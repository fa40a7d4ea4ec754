// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "florence/training/micro_batch.h"
#include "ops/autograd/variable.h"

namespace arno::florence {

/// The features of one tower's rows of a batch, made whole on one tape, or in parts: then without a
/// tape, and once more with one, against the gradients that the features got (GradCache).
class TowerPass {
 public:
  /// Rows of the batch, and what slices before gave for them (undefined where there are none) ->
  /// unit rows.
  using Encode = std::function<ops::Variable(const RowPart& rows, const ops::Variable& input)>;

  TowerPass() = default;
  /// Features of width `width`. Of several parts, or of one with `in_parts`.
  TowerPass(std::vector<RowPart> parts, bool in_parts, int64_t width, Encode encode);

  size_t parts() const { return parts_.size(); }
  /// Makes the features of a part; each once.
  void add_features(size_t part, const ops::Tensor& input);
  size_t made() const { return made_; }
  bool is_complete() const { return made_ == parts_.size(); }
  /// Of all rows: made in parts, a leaf that collects the loss's gradients.
  const ops::Variable& features() const { return features_; }
  /// Made whole, after backward: the gradient of the input; undefined where there was none.
  ops::Tensor input_grad() const { return input_.defined() ? input_.grad() : ops::Tensor(); }
  /// Made in parts: backward of one, against the gradients of features(). Returns the gradient of
  /// the input.
  ops::Tensor backward(size_t part, const ops::Tensor& input) const;

 private:
  std::vector<RowPart> parts_;
  bool in_parts_ = false;
  Encode encode_;
  size_t made_ = 0;
  ops::Variable features_;
  ops::Variable input_;
};

}  // namespace arno::florence
