// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/packed_texts.h"

#include <algorithm>

#include "common/error.h"

namespace arno::florence {

PackedTexts pack_texts(const std::vector<std::vector<int32_t>>& texts) {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<int32_t> offsets{0};
  for (const std::vector<int32_t>& text : texts) {
    ARNO_CHECK(!text.empty(), Errc::invalid_argument, "[pack_texts] text {} has no tokens",
               offsets.size() - 1);
    for (size_t i = 0; i < text.size(); ++i) positions.push_back(static_cast<int32_t>(i));
    tokens.insert(tokens.end(), text.begin(), text.end());
    offsets.push_back(static_cast<int32_t>(tokens.size()));
  }
  const auto count = static_cast<int64_t>(tokens.size());
  return {.tokens = ops::Tensor::from<int32_t>({count}, tokens),
          .positions = ops::Tensor::from<int32_t>({count}, positions),
          .offsets = ops::Tensor::from<int32_t>({static_cast<int64_t>(offsets.size())}, offsets)};
}

PackedTexts PackedTexts::slice(int64_t start, int64_t length) const {
  const auto bounds = offsets.data<int32_t>();
  const int32_t first = bounds[start];
  const int32_t last = bounds[start + length];
  ops::Tensor own_offsets = ops::Tensor::empty({length + 1}, ops::DType::i32);
  std::ranges::transform(bounds.subspan(start, length + 1),
                         own_offsets.mutable_data<int32_t>().begin(),
                         [first](int32_t bound) { return bound - first; });
  return {.tokens = tokens.narrow(first, last - first),
          .positions = positions.narrow(first, last - first),
          .offsets = own_offsets};
}

}  // namespace arno::florence
