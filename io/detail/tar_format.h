// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// The ustar header (POSIX.1-1988): what the reader and the writer share.
namespace arno::io::detail {

constexpr size_t kTarBlock = 512;
constexpr size_t kTarNameSize = 100;
constexpr size_t kTarSizeAt = 124;
constexpr size_t kTarSizeSize = 12;
constexpr size_t kTarChecksumAt = 148;
constexpr size_t kTarChecksumSize = 8;
constexpr size_t kTarTypeAt = 156;
constexpr size_t kTarMagicAt = 257;
constexpr size_t kTarPrefixAt = 345;
constexpr size_t kTarPrefixSize = 155;

}  // namespace arno::io::detail
