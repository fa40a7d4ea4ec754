// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/core/tensor.h"

namespace arno::io {

/// A tensor under its name in a file.
struct StoredTensor {
  std::string name;
  ops::Tensor value;
};

/// What a safetensors file holds.
struct TensorFile {
  std::vector<StoredTensor> tensors;            ///< in the order of their bytes
  std::map<std::string, std::string> metadata;  ///< "__metadata__"

  /// Null when there is none.
  const ops::Tensor* find(std::string_view name) const;
};

/// Writes a safetensors file (an 8-byte header length, a JSON header, the elements), atomically.
/// The same tensors give the same bytes. Throws io_failed.
void write_safetensors(const std::filesystem::path& path, std::span<const StoredTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// Reads a safetensors file: dtypes F64, F32, BF16, I64, I32 and U8. Nothing in it is trusted:
/// throws data_corrupt, naming the file and what is wrong, unless the header is valid and its
/// ranges cover the data without gaps or overlaps. Throws io_failed.
TensorFile read_safetensors(const std::filesystem::path& path);

/// The same of bytes in memory; `name` stands for the path in errors.
TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

}  // namespace arno::io
