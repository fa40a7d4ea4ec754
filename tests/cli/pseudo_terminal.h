// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <string>
#include <vector>

namespace arno::cli {

/// `arno` with arguments on a terminal of its own, started at once.
class TerminalProcess {
 public:
  TerminalProcess(const std::vector<std::string>& args, int columns, int rows);
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;
  /// Kills what still runs.
  ~TerminalProcess();

  /// Presses keys.
  void type(const std::string& keys);
  void signal(int number);
  /// Changes the size of the terminal.
  void resize(int columns, int rows);
  /// Reads until the program has written a text after what was waited for before; false when it
  /// ends without, or after 30 seconds.
  bool wait_for(const std::string& text);
  /// Reads until the program stands still; false when it does not within 30 seconds.
  bool wait_for_stop();
  /// Reads until the program ends; its exit code, or -n when signal n ended it.
  int wait();

  /// Everything that it wrote so far.
  const std::string& output() const { return output_; }
  /// Whether the terminal has the settings that it had before the program started.
  bool settings_are_restored() const;
  /// Whether keys come one by one and are not echoed.
  bool is_raw() const;

 private:
  bool read_more();

  termios before_{};
  int terminal_ = -1;  ///< the side of the person
  int program_ = -1;   ///< the side of the program, held open so that the settings stay
  pid_t pid_ = -1;
  std::string output_;
  size_t seen_ = 0;
};

}  // namespace arno::cli
