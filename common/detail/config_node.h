// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>

#include "common/config.h"

// What the reader of a configuration and its parts share. Not for other folders.
namespace arno {

/// A YAML node with the place it stands at.
struct RawConfig::Node {
  YAML::Node yaml;
  std::string file;
  std::string path;

  int line() const { return yaml.Mark().is_null() ? 0 : yaml.Mark().line + 1; }
  std::string child_path(std::string_view key) const {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }
};

namespace detail {

/// What stands at a node, for an error: "a list of 3 items".
std::string describe(const YAML::Node& node);

}  // namespace detail
}  // namespace arno
