// SPDX-License-Identifier: Apache-2.0
#include "florence/training/snapshot.h"

#include <algorithm>

namespace arno::florence {

void copy_checked(const std::vector<NamedTensor>& from, const std::string& name, ops::Tensor& to) {
  const auto found = std::ranges::find(from, name, &NamedTensor::name);
  ARNO_CHECK(found != from.end(), Errc::data_corrupt,
             "[checkpoint] holds no \"{}\", which the configured model has: it is of another model",
             name);
  ARNO_CHECK(found->value.shape() == to.shape() && found->value.dtype() == to.dtype(),
             Errc::data_corrupt,
             "[checkpoint] \"{}\" is {}, the configured model has {}: it is of another model", name,
             found->value.describe(), to.describe());
  to.copy_from(found->value);
}

size_t Snapshot::size_bytes() const {
  size_t total = 0;
  for (const NamedTensor& tensor : weights) total += tensor.value.size_bytes();
  for (const NamedTensor& tensor : optimizer) total += tensor.value.size_bytes();
  return total;
}

}  // namespace arno::florence
