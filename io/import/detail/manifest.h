// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "io/import/import.h"

namespace arno::io::detail {

/// Writes what an import gave: the report, and the shards by path relative to the manifest's
/// folder with their sizes.
void write_manifest(const std::filesystem::path& path, const std::string& fingerprint,
                    const ImportReport& report, const std::map<std::string, int64_t>& shards);

/// The report of a complete import with the same fingerprint; nothing when there is no manifest,
/// when it is of another import or not readable, or when a shard is missing or has another size.
std::optional<ImportReport> read_manifest(const std::filesystem::path& path,
                                          const std::string& fingerprint);

}  // namespace arno::io::detail
