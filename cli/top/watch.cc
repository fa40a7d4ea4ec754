// SPDX-License-Identifier: Apache-2.0
#include "cli/top/watch.h"

#include <poll.h>
#include <unistd.h>

#include <array>

#include "cli/top/frame.h"
#include "cli/top/poller.h"
#include "cli/top/terminal.h"
#include "cli/top/view.h"

namespace arno::cli::top {
namespace {

constexpr std::chrono::seconds kInterval(1);

/// The picture and what happens to it.
class Watch {
 public:
  Watch(Poller& poller, Snapshot first) : poller_(poller), snapshot_(std::move(first)) {}

  /// Until it is asked to end; returns the signal that asked, or 0.
  int run() {
    while (!ended_) {
      Frame frame = draw(snapshot_, problem_, view_, size_of_terminal(STDOUT_FILENO));
      view_.scroll = frame.scroll;
      terminal_.show(frame.lines);
      wait();
    }
    return signal_;
  }

 private:
  void wait() {
    std::array<pollfd, 3> sources{pollfd{.fd = STDIN_FILENO, .events = POLLIN},
                                  pollfd{.fd = signals_.fd(), .events = POLLIN},
                                  pollfd{.fd = poller_.wake_fd(), .events = POLLIN}};
    if (poll(sources.data(), sources.size(), -1) < 0) return;
    if (sources[1].revents != 0) on_signals();
    if (sources[0].revents != 0) on_keys();
    if (sources[2].revents != 0) on_answer();
  }

  void on_signals() {
    for (int signal = signals_.take(); signal != 0; signal = signals_.take()) {
      if (signal == SIGTSTP) {
        terminal_.leave();
        raise(SIGSTOP);
      } else if (signal == SIGCONT) {
        terminal_.enter();
      } else if (signal != SIGWINCH) {
        ended_ = true;
        signal_ = signal;
      }
    }
  }

  void on_keys() {
    std::array<char, 256> bytes{};
    const ssize_t size = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (size <= 0) {
      ended_ = true;  // the terminal has gone
      return;
    }
    for (const int key : keys_.read({bytes.data(), static_cast<size_t>(size)})) {
      if (!press(view_, key)) ended_ = true;
    }
  }

  void on_answer() {
    std::optional<Poller::Answer> answer = poller_.take();
    if (!answer || view_.paused) return;
    problem_ = answer->problem.empty() ? "" : answer->problem + "; trying again";
    if (answer->snapshot) snapshot_ = std::move(*answer->snapshot);
  }

  Poller& poller_;
  SignalReader signals_;  // before the terminal: none may come while that is held
  Terminal terminal_;
  KeyReader keys_;
  Snapshot snapshot_;
  std::string problem_;
  View view_;
  bool ended_ = false;
  int signal_ = 0;
};

}  // namespace

void watch(Client client, Snapshot first) {
  Poller poller(std::move(client), kInterval);
  const int signal = Watch(poller, std::move(first)).run();
  // With the terminal given back the signal does what it does to any program.
  if (signal != 0 && signal != SIGINT) raise(signal);
}

}  // namespace arno::cli::top
