// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/item_tag.h"
#include "ops/core/tensor.h"

namespace arno::florence {

struct NamedTensor {
  std::string name;
  ops::Tensor value;
};

/// Copies the tensor of this name into `to`. Throws data_corrupt, naming it, when there is none or
/// its shape or dtype is another: the tensors are then of another model.
void copy_checked(const std::vector<NamedTensor>& from, const std::string& name, ops::Tensor& to);

/// The state of a training after `step` steps. Immutable and shared: the training goes on while
/// it is written or evaluated. With the configuration it determines every later step, because
/// data order and all draws are functions of (seed, step).
struct Snapshot {
  int64_t step = 0;
  int64_t resolution = 0;              ///< of the model, pixels
  int64_t window = 0;                  ///< of the model, tokens
  std::string model_yaml;              ///< FlorenceConfig
  std::vector<NamedTensor> weights;    ///< UniCL's names
  std::vector<NamedTensor> optimizer;  ///< "exp_avg.<name>", "exp_avg_sq.<name>", "steps.<name>"

  size_t size_bytes() const;
};

inline ItemTag item_tag(const Snapshot& snapshot) { return {.step = snapshot.step}; }

}  // namespace arno::florence
