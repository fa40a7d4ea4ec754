// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "common/error.h"
#include "io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    size_t held = 0;
    for (const arno::io::StoredTensor& tensor :
         arno::io::parse_safetensors(bytes, "fuzz").tensors) {
      held += tensor.value.size_bytes();
    }
    if (held > size) std::abort();
  } catch (const arno::Error& error) {
    if (error.code() != arno::Errc::data_corrupt) std::abort();
  }
  return 0;
}
