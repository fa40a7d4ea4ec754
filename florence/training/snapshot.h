// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ops/core/tensor.h"

namespace arno::florence {

struct NamedTensor {
  std::string name;
  ops::Tensor value;
};

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

}  // namespace arno::florence
