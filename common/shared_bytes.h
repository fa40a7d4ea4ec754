// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace arno {

/// Bytes that nobody changes, and a handle that keeps them alive. Copies share.
class SharedBytes {
 public:
  SharedBytes() = default;
  /// `bytes` stay as they are for as long as anybody holds `owner`.
  SharedBytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}
  /// Takes bytes over.
  static SharedBytes of(std::vector<std::byte> bytes) {
    const auto held = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    return {held, std::span(*held)};
  }

  std::span<const std::byte> span() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
};

}  // namespace arno
