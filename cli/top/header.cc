// SPDX-License-Identifier: Apache-2.0
#include "cli/top/header.h"

#include <fmt/format.h>

#include "cli/duration.h"
#include "cli/top/tables.h"
#include "cli/top/text.h"

namespace arno::cli::top {
namespace {

constexpr size_t kMaxSentenceLines = 2;
constexpr size_t kMaxErrorLines = 3;
constexpr size_t kProgressColumns = 20;

Style style_of_phase(const std::string& phase) {
  if (phase == "failed") return Style::bad;
  return phase == "running" || phase == "completed" ? Style::good : Style::warn;
}

std::string whole(double value) {
  return std::isfinite(value) ? fmt::format("{:.0f}", value) : "-";
}

std::string loss_figure(double value) {
  if (!std::isfinite(value)) return "-";
  return std::abs(value) < 1e5 ? fmt::format("{:.4f}", value) : fmt::format("{:.3e}", value);
}

Line first_line(const State& state, bool is_old, bool paused) {
  Line out{{" " + state.job, Style::bold}, {"  "}};
  out.push_back(is_old ? Span{state.phase + " when last seen", Style::warn}
                       : Span{state.phase, style_of_phase(state.phase)});
  if (state.training) {
    const Training& now = *state.training;
    const double share = now.step / now.total_steps;
    out.push_back({fmt::format("  step {}/{} ", whole(now.step), whole(now.total_steps))});
    for (Span& span : bar(share, kProgressColumns, Style::good)) out.push_back(std::move(span));
    out.push_back({" " + percent(share)});
    if (!now.stage.empty()) out.push_back({"  " + now.stage});
  }
  if (paused) out.push_back({"  [paused]", Style::warn});
  return out;
}

Line training_line(const State& state) {
  if (!state.training) return {{" no step yet", Style::dim}};
  const Training& now = *state.training;
  Line out;
  const auto add = [&](const char* what, const std::string& figure) {
    out.push_back({fmt::format("{}{} ", out.empty() ? " " : "  ", what), Style::dim});
    out.push_back({figure});
  };
  add("loss", loss_figure(now.loss));
  add("floor", loss_figure(now.floor));
  add("images/s", short_figure(now.images_per_second));
  add("left", duration(now.seconds_left));
  add("temperature", short_figure(now.temperature));
  if (std::isfinite(state.checkpoint_step)) {
    add("checkpoint", fmt::format("{}, {} ago", whole(state.checkpoint_step),
                                  duration(state.now - state.checkpoint_at)));
  }
  return out;
}

void add_sentence(std::vector<Line>& lines, const std::string& text, Style style, size_t width,
                  size_t max_lines) {
  for (std::string& part : wrapped(text, std::max<size_t>(width, 2) - 1, max_lines)) {
    lines.push_back({{" " + std::move(part), style}});
  }
}

}  // namespace

std::vector<Line> header(const State& state, const std::string& problem, bool paused,
                         size_t width) {
  std::vector<Line> out{first_line(state, !problem.empty(), paused), training_line(state)};
  add_sentence(out, problem, Style::bad, width, kMaxErrorLines);
  add_sentence(out, state.error, Style::bad, width, kMaxErrorLines);
  add_sentence(out, state.bottleneck, Style::bold, width, kMaxSentenceLines);
  for (Line& line : out) line = cut(line, width);
  return out;
}

}  // namespace arno::cli::top
