// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <utility>

/// One event a line: component first, past tense, values with units.
namespace arno::log {

/// How much an event matters.
enum class Level {
  debug,  ///< for the developer
  info,   ///< start, stop, milestones
  warn,   ///< the job goes on, degraded
  error,  ///< a person must act
};

/// Where lines go. Called from any thread, one call at a time.
using Sink = std::function<void(Level, std::string_view component, std::string_view message)>;

/// Replaces the sink and returns the old one. The default writes to standard error.
Sink set_sink(Sink sink);

/// Events below this level are dropped. The default is info.
void set_level(Level level);

/// Writes one event.
void write(Level level, std::string_view component, std::string_view message);

template <class... Args>
void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace arno::log
