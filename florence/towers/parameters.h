// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ops/autograd/variable.h"

namespace arno::florence {

/// A learnable tensor with the name it has in a checkpoint.
struct Parameter {
  std::string name;
  ops::Variable variable;
  bool decay = false;  ///< AdamW's weight decay applies (matrices and kernels, not vectors)
};

/// The parameters of a model, in the order they were added.
class ParameterSet {
 public:
  /// Adds a parameter and returns its variable. Throws invalid_argument for a name that is taken.
  /// Weight decay applies to tensors of two or more extents unless `decay` says otherwise.
  ops::Variable add(std::string name, ops::Tensor value);
  ops::Variable add_without_decay(std::string name, ops::Tensor value);

  const std::vector<Parameter>& all() const { return parameters_; }
  /// Null when there is none.
  const Parameter* find(std::string_view name) const;
  /// Elements over all parameters.
  int64_t count() const;
  /// Elements over the parameters whose name starts with the prefix.
  int64_t count(std::string_view prefix) const;
  void clear_grads();

 private:
  ops::Variable insert(std::string name, ops::Tensor value, bool decay);

  std::vector<Parameter> parameters_;
};

}  // namespace arno::florence
