// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace arno::io {

/// Most texts that one expression may stand for.
constexpr uint64_t kMaxBraceResults = 10'000'000;

/// The texts that a brace expression stands for, the last brace varying fastest: {000000..000999}
/// counts upwards and keeps its zeros, {a,b} names choices, braces may be nested in choices. Throws
/// invalid_argument for a malformed expression or more than kMaxBraceResults texts, before any of
/// them is made.
std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace arno::io
