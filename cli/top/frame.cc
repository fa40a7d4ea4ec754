// SPDX-License-Identifier: Apache-2.0
#include "cli/top/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "cli/top/header.h"
#include "cli/top/tables.h"
#include "cli/top/text.h"

namespace arno::cli::top {
namespace {

using Lines = std::vector<Line>;

constexpr size_t kEventsOfWhole = 10;
// What the actors leave of a screen that cannot hold everything, with the titles.
constexpr size_t kLeastEdges = 5;
constexpr size_t kLeastEvents = 3;
constexpr size_t kLeastForAll = 14;
constexpr size_t kLeastToTell = 4;  // rows of a part that tells how much of it is hidden

const Lines& help_lines() {
  static const Lines kLines = [] {
    Lines out{{{" Keys", Style::bold}},
              {{"  < >  left right   sort the actors by the next column"}},
              {{"  r                 the other way round"}}};
    std::string letters;
    for (const SortKeyName& key : sort_keys()) {
      out.push_back({{fmt::format("  {}                 sort by {}", key.letter, key.name)}});
    }
    for (const char* text :
         {"  Tab               only actors, only edges, only events, all",
          "  up down           scroll; Page Up and Page Down by ten rows",
          "  p                 stop the picture, or go on", "  q  Ctrl-C         quit",
          "  h                 this help; any key leaves it", "",
          " TIME: █ busy  ▒ blocked, waits for credit  ! paused after a fault  · starved"}) {
      out.push_back({{text}});
    }
    return out;
  }();
  return kLines;
}

Line key_line(const View& view, size_t width) {
  const SortKeyName& key = sort_keys()[static_cast<size_t>(view.sort)];
  const std::string sort = fmt::format("{}{}", key.name, view.reversed ? ", reversed" : "");
  return {{filled(fmt::format(" q quit  h help  p {}  Tab section  < > r sort: {}",
                              view.paused ? "go on" : "pause", sort),
                  width),
           Style::title}};
}

/// The titles of a part and its last `rows` - 1 rows but for the `scroll` very last ones.
Lines last_rows(const Lines& part, size_t scroll, size_t rows) {
  if (rows == 0) return {};
  if (part.size() <= rows) return part;
  const size_t hidden = part.size() - rows;
  const auto first =
      part.begin() + 1 + static_cast<std::ptrdiff_t>(hidden - std::min(hidden, scroll));
  Lines out{part.front()};
  out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(rows - 1));
  return out;
}

/// The titles of a part and its rows from the `scroll`th on; the last line tells what is hidden.
Lines window(const Lines& part, size_t scroll, size_t rows) {
  if (part.size() <= rows || rows < kLeastToTell) return last_rows(part, part.size(), rows);
  const size_t hidden = part.size() - (rows - 1);
  const size_t above = std::min(scroll, hidden);
  Lines out = last_rows(part, hidden - above, rows - 1);
  out.push_back({{fmt::format(" … {} above, {} below", above, hidden - above), Style::dim}});
  return out;
}

/// As much of `scroll` as a window of so many rows makes use of.
size_t bounded(size_t scroll, const Lines& part, size_t rows) {
  return part.size() <= rows || rows < 1 ? 0 : std::min(scroll, part.size() - rows + 1);
}

void append(Lines& lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

/// The fullest edges, in the order in which they were.
std::vector<Edge> fullest(const std::vector<Edge>& edges, size_t count) {
  std::vector<size_t> order(edges.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater(),
                           [&](size_t index) { return fill_of(edges[index]); });
  order.resize(count);
  std::ranges::sort(order);
  std::vector<Edge> out;
  for (const size_t index : order) out.push_back(edges[index]);
  return out;
}

/// The edges in so many rows; where these are too few, the fullest ones.
Lines edge_window(const std::vector<Edge>& edges, size_t rows, size_t width) {
  if (rows < kLeastToTell || edges.size() + 1 <= rows) {
    return window(edge_table(edges, width), 0, rows);
  }
  const size_t shown = rows - 2;
  Lines out = edge_table(fullest(edges, shown), width);
  out.push_back({{fmt::format(" … {} emptier", edges.size() - shown), Style::dim}});
  return out;
}

/// How many rows each part of the picture gets, with its titles.
struct Shares {
  size_t actors;
  size_t edges;
  size_t events;
};

Shares share_out(size_t rows, size_t actors, size_t edges, size_t events) {
  const bool room = rows >= kLeastForAll;
  const size_t keep_edges = room ? std::min(edges, kLeastEdges) : 0;
  const size_t keep_events = room ? std::min(events, kLeastEvents) : 0;
  const size_t of_actors = std::min(actors, rows - keep_edges - keep_events);
  const size_t of_edges = std::min(edges, rows - of_actors - keep_events);
  return {of_actors, of_edges, rows - of_actors - of_edges};
}

Frame draw_help(const View& view, ScreenSize size) {
  Frame out{.scroll = view.scroll};
  for (const Line& line : help_lines()) out.lines.push_back(cut(line, size.columns));
  out.lines.resize(size.rows);
  return out;
}

/// Draws the part that the view chose, or all of them, below what is there.
void draw_parts(Frame& frame, const Snapshot& snapshot, const View& view, ScreenSize size) {
  const Lines actors = actor_table(snapshot.state, view, size.columns);
  const Lines edges = edge_table(snapshot.state.edges, size.columns);
  const Lines events = event_list(snapshot.events, size.columns);
  if (view.section == Section::all) {
    const Shares shares = share_out(size.rows, actors.size(), edges.size(), events.size());
    append(frame.lines, window(actors, view.scroll, shares.actors));
    append(frame.lines, edge_window(snapshot.state.edges, shares.edges, size.columns));
    append(frame.lines, last_rows(events, 0, shares.events));
    frame.scroll = bounded(view.scroll, actors, shares.actors);
  } else if (view.section == Section::events) {
    append(frame.lines, last_rows(events, view.scroll, size.rows));
    frame.scroll = std::min(view.scroll, events.size() - std::min(events.size(), size.rows));
  } else {
    const Lines& part = view.section == Section::actors ? actors : edges;
    append(frame.lines, window(part, view.scroll, size.rows));
    frame.scroll = bounded(view.scroll, part, size.rows);
  }
}

}  // namespace

Frame draw(const Snapshot& snapshot, const std::string& problem, const View& view,
           ScreenSize size) {
  if (view.help) return draw_help(view, size);
  Frame out{.lines = header(snapshot.state, problem, view.paused, size.columns)};
  if (out.lines.size() >= size.rows) {
    out.lines.resize(size.rows);
    return out;
  }
  draw_parts(out, snapshot, view, {size.columns, size.rows - out.lines.size() - 1});
  out.lines.resize(size.rows - 1);
  for (Line& line : out.lines) line = cut(line, size.columns);
  out.lines.push_back(key_line(view, size.columns));
  return out;
}

std::vector<Line> draw_whole(const Snapshot& snapshot, size_t columns) {
  Lines out = header(snapshot.state, "", /*paused=*/false, columns);
  append(out, node_table(snapshot.state, columns));
  append(out, actor_table(snapshot.state, {}, columns));
  append(out, edge_table(snapshot.state.edges, columns));
  if (snapshot.events.empty()) return out;
  append(out, last_rows(event_list(snapshot.events, columns), 0, kEventsOfWhole + 1));
  return out;
}

}  // namespace arno::cli::top
