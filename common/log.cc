// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <fmt/chrono.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

namespace arno::log {
namespace {

void write_to_stderr(Level level, std::string_view component, std::string_view message) {
  static constexpr std::array kNames{"debug", "info ", "warn ", "error"};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string line = fmt::format("{:%H:%M:%S} {} {}: {}\n", fmt::gmtime(now),
                                       kNames[static_cast<size_t>(level)], component, message);
  // Where nobody can read it (a file on a full disk), nobody fails for it either.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

struct State {
  std::mutex mutex;
  Sink sink = write_to_stderr;
  std::atomic<Level> level{Level::info};
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

Sink set_sink(Sink sink) {
  const std::scoped_lock lock(state().mutex);
  return std::exchange(state().sink, std::move(sink));
}

void set_level(Level level) { state().level = level; }

void write(Level level, std::string_view component, std::string_view message) {
  if (level < state().level) return;
  const std::scoped_lock lock(state().mutex);
  if (state().sink) state().sink(level, component, message);
}

}  // namespace arno::log
