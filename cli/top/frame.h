// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/top/line.h"
#include "cli/top/view.h"

namespace arno::cli::top {

/// Columns and rows of a screen.
struct ScreenSize {
  size_t columns = 80;
  size_t rows = 24;
};

/// A picture of a job.
struct Frame {
  std::vector<Line> lines;  ///< as many as the screen has rows, none wider than that
  size_t scroll = 0;        ///< of the view, but not beyond the last row
};

/// Draws a job for a screen of at least one column and row. `problem`: why the snapshot is an old
/// one, printable; empty when it is not.
Frame draw(const Snapshot& snapshot, const std::string& problem, const View& view, ScreenSize size);

/// Everything there is to say of a job but for older events, in as many lines as that takes: what
/// a screen has, the nodes before it, and no events where none are known.
std::vector<Line> draw_whole(const Snapshot& snapshot, size_t columns);

}  // namespace arno::cli::top
