// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "io/zeromq/frame.h"
#include "tests/fuzz/foreign_parts.h"

/// The first part is a header, the others are those of its item.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parts = arno::fuzz::foreign_parts(data, size);
  if (parts.empty()) return 0;
  const arno::SharedBytes header = parts.front();
  parts.erase(parts.begin());
  const auto parsed = arno::io::parse_message(header.span(), std::move(parts));
  if (const auto* fault = std::get_if<arno::io::FrameFault>(&parsed)) {
    if (fault->text.empty()) std::abort();
    return 0;
  }
  // There is one way to write a message.
  const auto again = arno::io::encode_header(std::get<arno::io::Message>(parsed));
  if (!std::ranges::equal(again, header.span())) std::abort();
  return 0;
}
