// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/top/line.h"

namespace arno::cli::top {

struct Column {
  std::string title;
  bool figures = false;    ///< to the right; otherwise to the left
  size_t least = 0;        ///< columns to which it may shrink; 0: it does not shrink
  int worth = 0;           ///< where there is no room, the column of least worth goes first
  const char* mark = " ";  ///< one column wide, before the title
};

/// One cell per column.
using Row = std::vector<Line>;

/// The titles in one line, then the rows, no wider than `width`. Columns that do not fit shrink as
/// far as they may, then go.
std::vector<Line> table(const std::vector<Column>& columns, const std::vector<Row>& rows,
                        size_t width);

}  // namespace arno::cli::top
