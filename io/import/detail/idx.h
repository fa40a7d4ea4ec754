// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace arno::io::detail {

/// An array of bytes of the IDX format (the MNIST database's).
struct IdxArray {
  std::vector<int64_t> shape;  ///< as many entries as the array has dimensions
  std::string values;          ///< row-major, product of the shape
};

/// Reads IDX bytes: 0, 0, type 8 (unsigned byte), number of dimensions, their sizes as 32-bit
/// big-endian numbers, values. Throws data_corrupt, naming `file`, when the number of dimensions
/// is not `dimensions` or the sizes do not fit the bytes.
IdxArray parse_idx(std::string_view bytes, size_t dimensions, std::string_view file);

}  // namespace arno::io::detail
