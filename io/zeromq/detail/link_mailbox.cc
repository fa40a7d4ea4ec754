// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/link_mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace arno::io::detail {

LinkMailbox::LinkMailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.is_open()) fail_errno("payload", "making", "eventfd");
}

void LinkMailbox::connect(const std::string& peer, const std::string& address) {
  const std::scoped_lock lock(mutex_);
  if (sessions_.insert(peer).second) push(ConnectCommand{peer, address});
}

bool LinkMailbox::send(const std::string& peer, std::vector<SharedBytes> frames) {
  const std::scoped_lock lock(mutex_);
  if (!sessions_.contains(peer)) return false;
  push(SendCommand{peer, std::move(frames)});
  return true;
}

bool LinkMailbox::acknowledge(const std::string& peer, int32_t lane,
                              std::vector<SharedBytes> frames) {
  const std::scoped_lock lock(mutex_);
  if (!sessions_.contains(peer)) return false;
  const auto [waiting, is_new] = acknowledgements_.try_emplace({peer, lane}, commands_.size());
  if (is_new) {
    push(SendCommand{peer, std::move(frames)});
  } else {
    std::get<SendCommand>(commands_[waiting->second]).frames = std::move(frames);
  }
  return true;
}

void LinkMailbox::drop(const std::string& peer, const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  if (sessions_.contains(peer)) push(DropCommand{peer, reason});
}

void LinkMailbox::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  wake();
}

std::vector<LinkCommand> LinkMailbox::take() {
  const std::scoped_lock lock(mutex_);
  uint64_t count = 0;
  // Nothing to read is as good: there are no commands then.
  [[maybe_unused]] const ssize_t got = ::read(event_.get(), &count, sizeof count);
  acknowledgements_.clear();
  return std::exchange(commands_, {});
}

bool LinkMailbox::stopped() const {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

bool LinkMailbox::add_session(const std::string& peer) {
  const std::scoped_lock lock(mutex_);
  return sessions_.insert(peer).second;
}

void LinkMailbox::remove_session(const std::string& peer) {
  const std::scoped_lock lock(mutex_);
  sessions_.erase(peer);
  // Those of its next session come after the command that begins it.
  std::erase_if(acknowledgements_, [&](const auto& entry) { return entry.first.first == peer; });
}

void LinkMailbox::push(LinkCommand command) {
  commands_.push_back(std::move(command));
  if (commands_.size() == 1) wake();
}

void LinkMailbox::wake() const {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then it is readable.
  [[maybe_unused]] const ssize_t put = ::write(event_.get(), &one, sizeof one);
}

}  // namespace arno::io::detail
