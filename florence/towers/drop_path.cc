// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/drop_path.h"

namespace arno::florence {

ops::Tensor DropPath::scale(double rate, uint64_t branch) const {
  if (keys_.empty() || rate <= 0) return {};
  ops::Tensor out = ops::Tensor::empty({static_cast<int64_t>(keys_.size())}, ops::DType::f32);
  const auto factors = out.mutable_data<float>();
  for (size_t i = 0; i < keys_.size(); ++i) {
    const bool keep = Random(keys_[i].child(branch)).uniform() >= rate;
    factors[i] = keep ? static_cast<float>(1.0 / (1.0 - rate)) : 0.0F;
  }
  return out;
}

}  // namespace arno::florence
