// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/pseudo_terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include "common/error.h"

namespace arno::cli {
namespace {

constexpr int kPatience_ms = 30'000;
constexpr int kLook_ms = 20;

winsize size_of(int columns, int rows) {
  return {.ws_row = static_cast<unsigned short>(rows),
          .ws_col = static_cast<unsigned short>(columns)};
}

bool same(const termios& left, const termios& right) {
  return left.c_iflag == right.c_iflag && left.c_oflag == right.c_oflag &&
         left.c_cflag == right.c_cflag && left.c_lflag == right.c_lflag &&
         std::equal(std::begin(left.c_cc), std::end(left.c_cc), std::begin(right.c_cc));
}

}  // namespace

TerminalProcess::TerminalProcess(const std::vector<std::string>& args, int columns, int rows) {
  std::vector<char*> argv{const_cast<char*>(ARNO_BINARY)};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const winsize size = size_of(columns, rows);
  ARNO_CHECK(openpty(&terminal_, &program_, nullptr, nullptr, &size) == 0, Errc::io_failed,
             "cannot open a terminal");
  tcgetattr(program_, &before_);
  pid_ = fork();
  ARNO_CHECK(pid_ >= 0, Errc::io_failed, "cannot fork");
  if (pid_ > 0) return;
  close(terminal_);
  setenv("TERM", "xterm", 1);
  login_tty(program_);
  execv(ARNO_BINARY, argv.data());
  _exit(127);
}

TerminalProcess::~TerminalProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(program_);
  close(terminal_);
}

void TerminalProcess::type(const std::string& keys) {
  ARNO_CHECK(write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()),
             Errc::io_failed, "cannot type");
}

void TerminalProcess::signal(int number) { kill(pid_, number); }

void TerminalProcess::resize(int columns, int rows) {
  const winsize size = size_of(columns, rows);
  ioctl(terminal_, TIOCSWINSZ, &size);
}

/// False when nothing came for a while.
bool TerminalProcess::read_more() {
  pollfd source{.fd = terminal_, .events = POLLIN};
  if (poll(&source, 1, kLook_ms) <= 0) return false;
  std::array<char, 4096> bytes{};
  const ssize_t size = read(terminal_, bytes.data(), bytes.size());
  if (size > 0) output_.append(bytes.data(), static_cast<size_t>(size));
  return size > 0;
}

bool TerminalProcess::wait_for(const std::string& text) {
  for (int waited = 0; waited < kPatience_ms;) {
    const size_t found = output_.find(text, seen_);
    if (found != std::string::npos) {
      seen_ = found + text.size();
      return true;
    }
    if (!read_more()) waited += kLook_ms;
  }
  return false;
}

bool TerminalProcess::wait_for_stop() {
  for (int waited = 0; waited < kPatience_ms;) {
    int status = 0;
    if (waitpid(pid_, &status, WUNTRACED | WNOHANG) == pid_) return WIFSTOPPED(status);
    if (!read_more()) waited += kLook_ms;
  }
  return false;
}

int TerminalProcess::wait() {
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) read_more();
  while (read_more()) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool TerminalProcess::settings_are_restored() const {
  termios now{};
  return tcgetattr(program_, &now) == 0 && same(now, before_);
}

bool TerminalProcess::is_raw() const {
  termios now{};
  return tcgetattr(program_, &now) == 0 && (now.c_lflag & (ICANON | ECHO)) == 0;
}

}  // namespace arno::cli
