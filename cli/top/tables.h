// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/top/line.h"
#include "cli/top/view.h"

// The parts of the display below its header. Each begins with a line of titles.
namespace arno::cli::top {

/// The nodes and what runs there.
std::vector<Line> node_table(const State& state, size_t width);
std::vector<Line> actor_table(const State& state, const View& view, size_t width);
std::vector<Line> edge_table(const std::vector<Edge>& edges, size_t width);
/// Oldest first, with the time of day where the program runs.
std::vector<Line> event_list(const std::deque<Event>& events, size_t width);

/// How full an edge is, from 0 to 1; 0 when that is unknown.
double fill_of(const Edge& edge);

/// A figure in at most 6 columns: "12.3", "702", "43.2k"; "-" when it is unknown.
std::string short_figure(double value);
/// A share in per cent; "-" when it is unknown.
std::string percent(double share);
/// A bar: `share` of it is full.
Line bar(double share, size_t columns, Style style);

}  // namespace arno::cli::top
