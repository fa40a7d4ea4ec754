// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include <csignal>

#include "cli/top/frame.h"

namespace arno::cli::top {

/// Columns and rows of the terminal at a file descriptor; 80x24 when it does not say.
ScreenSize size_of_terminal(int fd);

/// Whether a picture can be kept up to date here: standard input and output are a terminal that
/// can move its cursor.
bool is_interactive();

/// Holds the whole terminal of the process: another screen, keys as they are pressed. Gives it back
/// as it was when it goes.
class Terminal {
 public:
  /// Throws io_failed when it cannot be had.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Gives the terminal back, and takes it again: around a stop of the process.
  void leave();
  void enter();

  /// Shows as many lines as the screen has in place of what was there. Throws io_failed when the
  /// terminal has gone.
  void show(const std::vector<Line>& lines) const;

 private:
  termios before_{};
  bool colors_;
};

/// Holds back the signals that a program with the terminal in its hands must not die of, and makes
/// them readable; they are as before when it goes.
class SignalReader {
 public:
  SignalReader();
  ~SignalReader();
  SignalReader(const SignalReader&) = delete;
  SignalReader& operator=(const SignalReader&) = delete;

  /// Readable when a signal waits.
  int fd() const { return fd_; }
  /// The next signal that waits; 0 when there is none.
  int take() const;

 private:
  sigset_t before_;
  int fd_;
};

}  // namespace arno::cli::top
