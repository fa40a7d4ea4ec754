// SPDX-License-Identifier: Apache-2.0
#include "cli/top/table.h"

#include <algorithm>
#include <numeric>

#include "cli/top/text.h"

namespace arno::cli::top {
namespace {

/// Of each column; 0 for one that is not shown.
using Widths = std::vector<size_t>;

Widths natural_widths(const std::vector<Column>& columns, const std::vector<Row>& rows) {
  Widths out;
  for (size_t c = 0; c < columns.size(); ++c) {
    size_t widest = columns_of(columns[c].title);
    for (const Row& row : rows) widest = std::max(widest, columns_of(row[c]));
    out.push_back(widest);
  }
  return out;
}

/// With the blank before each column.
size_t total(const Widths& widths) {
  return std::accumulate(widths.begin(), widths.end(), size_t{0}, [](size_t sum, size_t width) {
    return sum + (width > 0 ? width + 1 : 0);
  });
}

bool shrink(const std::vector<Column>& columns, Widths& widths) {
  size_t widest = columns.size();
  for (size_t c = 0; c < columns.size(); ++c) {
    const bool can = columns[c].least > 0 && widths[c] > columns[c].least;
    if (can && (widest == columns.size() || widths[c] > widths[widest])) widest = c;
  }
  if (widest == columns.size()) return false;
  --widths[widest];
  return true;
}

void drop(const std::vector<Column>& columns, Widths& widths) {
  size_t least = columns.size();
  for (size_t c = 0; c < columns.size(); ++c) {
    if (widths[c] == 0) continue;
    if (least == columns.size() || columns[c].worth < columns[least].worth) least = c;
  }
  widths[least] = 0;
}

void add_cell(Line& line, Line cell, const Column& column, size_t width) {
  cell = cut(cell, width);
  const std::string blanks(width - columns_of(cell), ' ');
  if (column.figures) line.push_back({blanks});
  line.insert(line.end(), cell.begin(), cell.end());
  if (!column.figures) line.push_back({blanks});
}

Line title_line(const std::vector<Column>& columns, const Widths& widths, size_t width) {
  std::string out;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (widths[c] == 0) continue;
    const std::string title = columns[c].mark + columns[c].title;
    out += columns[c].figures ? filled_left(title, widths[c] + 1) : filled(title, widths[c] + 1);
  }
  return {{filled(out, width), Style::title}};
}

}  // namespace

std::vector<Line> table(const std::vector<Column>& columns, const std::vector<Row>& rows,
                        size_t width) {
  Widths widths = natural_widths(columns, rows);
  while (total(widths) > width && total(widths) > 0) {
    if (!shrink(columns, widths)) drop(columns, widths);
  }
  std::vector<Line> out{title_line(columns, widths, width)};
  for (const Row& row : rows) {
    Line& line = out.emplace_back();
    for (size_t c = 0; c < columns.size(); ++c) {
      if (widths[c] == 0) continue;
      line.push_back({" "});
      add_cell(line, row[c], columns[c], widths[c]);
    }
  }
  return out;
}

}  // namespace arno::cli::top
