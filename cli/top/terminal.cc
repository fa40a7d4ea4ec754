// SPDX-License-Identifier: Apache-2.0
#include "cli/top/terminal.h"

#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "common/error.h"

namespace arno::cli::top {
namespace {

// Alternate screen, no cursor, no going on in the next line.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l";
constexpr std::string_view kLeave = "\033[0m\033[?7h\033[?25h\033[?1049l";
constexpr std::string_view kToTop = "\033[H";
constexpr std::string_view kClearLine = "\033[K";

std::string_view sequence_of(Style style, bool colors) {
  switch (style) {
    case Style::dim:
      return "\033[2m";
    case Style::bold:
      return "\033[1m";
    case Style::title:
      return "\033[7m";
    case Style::good:
      return colors ? "\033[32m" : "";
    case Style::warn:
      return colors ? "\033[33m" : "";
    case Style::bad:
      return colors ? "\033[1;31m" : "\033[1m";
    case Style::plain:
      break;
  }
  return "";
}

/// False when the terminal has gone.
bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

ScreenSize size_of_terminal(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

bool is_interactive() {
  const char* kind = std::getenv("TERM");
  const bool dumb = kind == nullptr || std::string_view(kind) == "dumb";
  return !dumb && isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
}

Terminal::Terminal() : colors_(std::getenv("NO_COLOR") == nullptr) {
  ARNO_CHECK(tcgetattr(STDIN_FILENO, &before_) == 0, Errc::io_failed,
             "[top] cannot read the settings of the terminal");
  enter();
}

Terminal::~Terminal() { leave(); }

void Terminal::enter() {
  termios raw = before_;
  cfmakeraw(&raw);
  raw.c_lflag |= ISIG;  // Ctrl-C and Ctrl-Z stay signals
  ARNO_CHECK(tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0, Errc::io_failed,
             "[top] cannot change the settings of the terminal");
  write_all(kEnter);
}

void Terminal::leave() {
  write_all(kLeave);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

void Terminal::show(const std::vector<Line>& lines) const {
  std::string out(kToTop);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\r\n";
    out += kClearLine;  // not after the text: a full line would lose its last character
    for (const Span& span : lines[i]) {
      const std::string_view sequence = sequence_of(span.style, colors_);
      out += sequence;
      out += span.text;
      if (!sequence.empty()) out += "\033[0m";
    }
  }
  ARNO_CHECK(write_all(out), Errc::io_failed, "[top] the terminal has gone");
}

SignalReader::SignalReader() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH}) {
    sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
  fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd_ < 0) {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    fail(Errc::io_failed, "[top] cannot make a signal descriptor");
  }
}

SignalReader::~SignalReader() {
  close(fd_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int SignalReader::take() const {
  signalfd_siginfo info{};
  return read(fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace arno::cli::top
