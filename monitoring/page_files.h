// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace arno::monitoring {

/// A file of monitoring/page/, built into the program.
struct PageFile {
  std::string_view name;
  std::string_view content_type;
  std::string_view body;
};

/// Every file of the page.
std::span<const PageFile> page_files();

}  // namespace arno::monitoring
