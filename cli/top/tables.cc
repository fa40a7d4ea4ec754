// SPDX-License-Identifier: Apache-2.0
#include "cli/top/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <set>

#include "cli/duration.h"
#include "cli/top/table.h"
#include "cli/top/text.h"

namespace arno::cli::top {
namespace {

constexpr size_t kWideScreen = 110;
constexpr size_t kWideBar = 20;
constexpr size_t kNarrowBar = 6;
constexpr double kBusy = 0.9;  // from here on an actor or an edge is at its limit

size_t bar_columns(size_t width) { return width >= kWideScreen ? kWideBar : kNarrowBar; }

Style style_of_share(double share, Style high) { return share >= kBusy ? high : Style::plain; }

Style style_of_errors(double errors) { return errors > 0 ? Style::bad : Style::plain; }

/// A bar of the shares of an actor's time: busy, blocked, paused after a fault; the rest starved.
Line share_bar(const Actor& actor, size_t columns) {
  struct Part {
    double share;
    const char* character;
    Style style;
  };
  const std::array<Part, 3> parts{Part{actor.busy, "█", Style::good},
                                  Part{actor.blocked, "▒", Style::warn},
                                  Part{actor.paused, "!", Style::bad}};
  Line out;
  double sum = 0;
  size_t used = 0;
  for (const Part& part : parts) {
    if (part.share > 0) sum = std::min(sum + part.share, 1.0);
    const auto end = static_cast<size_t>(std::lround(sum * static_cast<double>(columns)));
    out.push_back(repeated(part.character, end - used, part.style));
    used = end;
  }
  out.push_back(repeated("·", columns - used, Style::dim));
  return out;
}

Row actor_row(const Actor& actor, const State& state, size_t width) {
  const Style name = actor.name == state.bottleneck_actor ? Style::bold : Style::plain;
  return {{{actor.name, name}},
          {{actor.kind, Style::dim}},
          {{actor.node, Style::dim}},
          {{short_figure(actor.replicas)}},
          {{short_figure(actor.items_per_second)}},
          {{percent(actor.busy), style_of_share(actor.busy, Style::good)}},
          {{percent(actor.starved)}},
          {{percent(actor.blocked), style_of_share(actor.blocked, Style::warn)}},
          {{short_figure(actor.queued_items)}},
          {{short_figure(actor.errors), style_of_errors(actor.errors)}},
          share_bar(actor, bar_columns(width))};
}

std::vector<Column> actor_columns(const View& view) {
  std::vector<Column> out{{.title = "ACTOR", .least = 8, .worth = 10},
                          {.title = "KIND", .least = 12, .worth = 2},
                          {.title = "NODE", .least = 6, .worth = 1},
                          {.title = "REPL", .figures = true, .worth = 3},
                          {.title = "ITEMS/S", .figures = true, .worth = 8},
                          {.title = "BUSY", .figures = true, .worth = 9},
                          {.title = "STARVED", .figures = true, .worth = 6},
                          {.title = "BLOCKED", .figures = true, .worth = 5},
                          {.title = "QUEUE", .figures = true, .worth = 4},
                          {.title = "ERRORS", .figures = true, .worth = 7},
                          {.title = "TIME", .worth = 0}};
  constexpr std::array<size_t, 10> kColumnOfKey{0, 0, 1, 3, 4, 5, 6, 7, 8, 9};
  const bool text = view.sort == SortKey::name || view.sort == SortKey::kind;
  if (view.sort != SortKey::flow) {
    out[kColumnOfKey[static_cast<size_t>(view.sort)]].mark = text == view.reversed ? "▼" : "▲";
  }
  return out;
}

/// Takes out the column of nodes, which says nothing in a job of one node.
void drop_nodes(std::vector<Column>& columns, std::vector<Row>& rows) {
  constexpr int kNodeColumn = 2;
  columns.erase(columns.begin() + kNodeColumn);
  for (Row& row : rows) row.erase(row.begin() + kNodeColumn);
}

Row edge_row(const Edge& edge, size_t width) {
  const double fill = fill_of(edge);
  const Style style = style_of_share(fill, Style::warn);
  const bool lossy = !edge.tap.empty() && edge.tap != "blocking";
  return {
      {{edge.from},
       {" → ", Style::dim},
       {edge.to},
       {lossy ? fmt::format(" ({}, {} left out)", edge.tap, short_figure(edge.dropped_items)) : "",
        Style::dim}},
      bar(fill, bar_columns(width), style == Style::plain ? Style::good : style),
      {{fmt::format("{}/{}", short_figure(edge.in_flight_items), short_figure(edge.capacity_items)),
        style}},
      {{short_figure(edge.items_per_second)}}};
}

std::string time_of_day(double at) {
  constexpr double kLatest = 253402300799;  // the year 9999
  if (!(at >= 0 && at <= kLatest)) return "--:--:--";
  const auto seconds = static_cast<time_t>(at);
  tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

Style style_of_event(const std::string& kind) {
  if (kind == "fault") return Style::bad;
  return kind == "attach" || kind == "detach" ? Style::warn : Style::plain;
}

/// What runs on a node.
struct Load {
  double actors = 0;
  double replicas = 0;
  std::string names;  ///< "decode[1], decode[3], augment[1]"

  void add(const std::string& name) {
    ++replicas;
    names += (names.empty() ? "" : ", ") + name;
  }
};

std::map<std::string, Load> loads_of(const State& state) {
  std::map<std::string, Load> out;
  for (const Actor& actor : state.actors) {
    std::vector<ReplicaPlace> places = actor.places;
    for (double number = 0; actor.places.empty() && number < actor.replicas; ++number) {
      places.push_back({number, actor.node});
    }
    std::set<std::string> nodes;
    for (const auto& [number, node] : places) {
      if (nodes.insert(node).second) ++out[node].actors;
      out[node].add(places.size() > 1 || number > 0 ? fmt::format("{}[{:.0f}]", actor.name, number)
                                                    : actor.name);
    }
  }
  return out;
}

/// A node tells of itself twice a second.
Span state_of(const Node& node, double now) {
  constexpr double kSilent_s = 2;
  if (std::isfinite(node.lost_at)) {
    return {fmt::format("lost {} ago: {}", duration(now - node.lost_at), node.why_lost),
            Style::bad};
  }
  if (now - node.heard_at > kSilent_s) {
    return {fmt::format("silent for {}", duration(now - node.heard_at)), Style::warn};
  }
  return {"alive", Style::good};
}

/// `several`: of a job on several nodes.
std::vector<Column> node_columns(bool several) {
  std::vector<Column> out{{.title = "NODE", .least = 8, .worth = 6}};
  if (several) {
    out.push_back({.title = "ADDRESS", .least = 8, .worth = 1});
    out.push_back({.title = "STATE", .least = 8, .worth = 5});
    out.push_back({.title = "TAKEN", .least = 8, .worth = 4});
  }
  out.push_back({.title = "ACTORS", .figures = true, .worth = 2});
  out.push_back({.title = "REPL", .figures = true, .worth = 3});
  if (several) out.push_back({.title = "RUNS", .least = 8, .worth = 0});
  return out;
}

}  // namespace

std::vector<Line> node_table(const State& state, size_t width) {
  std::map<std::string, Load> loads = loads_of(state);
  const bool several = state.nodes.size() > 1;
  std::vector<Row> rows;
  const auto add = [&](const Node& node, const Load& load) {
    Row row{{{node.name}}};
    if (several) {
      row.push_back({{node.address.empty() ? "launcher" : node.address, Style::dim}});
      row.push_back({state_of(node, state.now)});
      row.push_back({{node.resources}});
    }
    row.push_back({{short_figure(load.actors)}});
    row.push_back({{short_figure(load.replicas)}});
    if (several) row.push_back({{load.names, Style::dim}});
    rows.push_back(std::move(row));
  };
  for (const Node& node : state.nodes) {
    add(node, loads[node.name]);
    loads.erase(node.name);
  }
  for (const auto& [name, load] : loads) add({.name = name}, load);
  return table(node_columns(several), rows, width);
}

std::vector<Line> actor_table(const State& state, const View& view, size_t width) {
  std::vector<Column> columns = actor_columns(view);
  std::vector<Row> rows;
  std::set<std::string> nodes;
  for (const Actor& actor : sorted(state.actors, view.sort, view.reversed)) {
    rows.push_back(actor_row(actor, state, width));
    nodes.insert(actor.node);
  }
  if (nodes.size() < 2) drop_nodes(columns, rows);
  return table(columns, rows, width);
}

std::vector<Line> edge_table(const std::vector<Edge>& edges, size_t width) {
  std::vector<Row> rows;
  for (const Edge& edge : edges) rows.push_back(edge_row(edge, width));
  return table({{.title = "EDGE", .least = 12, .worth = 3},
                {.title = "FILL", .worth = 0},
                {.title = "IN FLIGHT", .figures = true, .worth = 2},
                {.title = "ITEMS/S", .figures = true, .worth = 1}},
               rows, width);
}

std::vector<Line> event_list(const std::deque<Event>& events, size_t width) {
  constexpr size_t kKindColumns = 10;
  std::vector<Line> out{{{filled(" EVENTS", width), Style::title}}};
  for (const Event& event : events) {
    Line line{{" " + time_of_day(event.at) + " ", Style::dim},
              {filled(event.kind, kKindColumns) + " ", style_of_event(event.kind)}};
    if (!event.actor.empty()) line.push_back({event.actor + ": ", Style::bold});
    line.push_back({event.text});
    out.push_back(cut(line, width));
  }
  return out;
}

double fill_of(const Edge& edge) {
  const double fill = edge.in_flight_items / edge.capacity_items;
  return std::isfinite(fill) ? std::clamp(fill, 0.0, 1.0) : 0;
}

std::string short_figure(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (size >= 999.5e9) return fmt::format("{:.0e}", value);
  if (size >= 999.5e6) return fmt::format("{:.1f}G", value / 1e9);
  if (size >= 999.5e3) return fmt::format("{:.1f}M", value / 1e6);
  if (size >= 9999.5) return fmt::format("{:.1f}k", value / 1e3);
  if (size >= 99.95 || value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, size >= 9.995 ? 1 : 2);
}

std::string percent(double share) {
  if (!std::isfinite(share)) return "-";
  return fmt::format("{:.0f}%", 100 * std::clamp(share, -9.99, 9.99));
}

Line bar(double share, size_t columns, Style style) {
  const double full = share > 0 ? std::min(share, 1.0) : 0;
  const auto used = static_cast<size_t>(std::lround(full * static_cast<double>(columns)));
  return {repeated("█", used, style), repeated("·", columns - used, Style::dim)};
}

}  // namespace arno::cli::top
