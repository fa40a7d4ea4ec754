// SPDX-License-Identifier: Apache-2.0
#include "cli/top/print.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/top/frame.h"
#include "cli/top/terminal.h"

namespace arno::cli::top {
namespace {

constexpr size_t kColumnsOfFile = 120;

}  // namespace

void print(const Snapshot& snapshot) {
  const size_t columns =
      isatty(STDOUT_FILENO) != 0 ? size_of_terminal(STDOUT_FILENO).columns : kColumnsOfFile;
  for (const Line& line : draw_whole(snapshot, columns)) fmt::print("{}\n", plain_text(line));
}

}  // namespace arno::cli::top
