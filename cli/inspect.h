// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace arno::cli {

/// A report on shards: counts and sizes, formats, how many texts occur more than once, lengths of
/// the texts (in tokens when `vocabulary` names one, else in words), classes, and what is wrong.
/// Reads every sample once.
std::string inspect_shards(const std::vector<std::string>& shards, const std::string& vocabulary);

}  // namespace arno::cli
