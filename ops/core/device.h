// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace arno::ops {

/// Where a tensor's elements are.
enum class DeviceKind : uint8_t { cpu, cuda };

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;

  bool operator==(const Device&) const = default;
};

}  // namespace arno::ops
