// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/log_tap.h"

#include <algorithm>

namespace arno::graph {
namespace {

constexpr size_t kMostLines = 256;
constexpr size_t kLongestLine = 1000;

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace

LogTap::LogTap() {
  before_ = log::set_sink({});
  log::set_sink([this](log::Level level, std::string_view component, std::string_view message) {
    if (before_) before_(level, component, message);
    keep(level, component, message);
  });
}

LogTap::~LogTap() { log::set_sink(std::move(before_)); }

void LogTap::keep(log::Level level, std::string_view component, std::string_view message) {
  const std::scoped_lock lock(mutex_);
  if (lines_.size() == kMostLines) {
    lines_.pop_front();
    ++dropped_;
  }
  lines_.push_back({.level = static_cast<uint8_t>(level),
                    .component = std::string(component.substr(0, kLongestLine)),
                    .text = std::string(message.substr(0, kLongestLine))});
}

std::pair<std::vector<LogLine>, int32_t> LogTap::take() {
  const std::scoped_lock lock(mutex_);
  std::vector<LogLine> out(std::make_move_iterator(lines_.begin()),
                           std::make_move_iterator(lines_.end()));
  lines_.clear();
  return {std::move(out), std::exchange(dropped_, 0)};
}

void write_lines_of(const std::string& node, const std::vector<LogLine>& lines, int32_t dropped) {
  if (dropped > 0) log::warn(node, "{} lines of its log were left out", dropped);
  for (const LogLine& line : lines) {
    const auto level = static_cast<log::Level>(
        std::min<uint8_t>(line.level, static_cast<uint8_t>(log::Level::error)));
    log::write(level, fmt::format("{}/{}", node, printable(line.component)), printable(line.text));
  }
}

}  // namespace arno::graph
