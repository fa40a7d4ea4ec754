// SPDX-License-Identifier: Apache-2.0
#include "cli/top/poller.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>

#include "cli/top/text.h"
#include "common/error.h"
#include "common/pause.h"

namespace arno::cli::top {
Poller::Poller(Client client, std::chrono::milliseconds interval)
    : wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  ARNO_CHECK(wake_fd_ >= 0, Errc::io_failed, "[top] cannot make an event descriptor");
  // Signals are for the thread that holds the terminal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::jthread(
      [this, client = std::move(client), interval](const std::stop_token& stop) mutable {
        while (pause(stop, interval)) ask(client);
      });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Poller::~Poller() {
  thread_.request_stop();
  thread_.join();
  close(wake_fd_);
}

void Poller::ask(Client& client) {
  Answer answer;
  try {
    answer.snapshot = client.fetch();
  } catch (const std::exception& error) {
    answer.problem = printable(error.what());
  }
  const std::scoped_lock lock(mutex_);
  answer_ = std::move(answer);
  eventfd_write(wake_fd_, 1);
}

std::optional<Poller::Answer> Poller::take() {
  const std::scoped_lock lock(mutex_);
  eventfd_t count = 0;
  eventfd_read(wake_fd_, &count);
  return std::exchange(answer_, std::nullopt);
}

}  // namespace arno::cli::top
