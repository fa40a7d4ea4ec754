// SPDX-License-Identifier: Apache-2.0
#include "tests/io/zeromq/link_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"

namespace arno::io {

RecordingLink::RecordingLink(const std::string& node,
                             const std::function<void(PayloadLinkOptions&)>& change) {
  PayloadLinkOptions options{.node = node, .job = "test"};
  options.on_message = [this](const std::string& peer, Message message) {
    const std::scoped_lock lock(mutex_);
    messages_.emplace_back(peer, std::move(message));
    changed_.notify_all();
  };
  options.on_peer = [this](const PeerEvent& event) {
    const std::scoped_lock lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  };
  if (change) change(options);
  link_ = std::make_unique<PayloadLink>(options);
}

template <class T>
std::vector<T> RecordingLink::wait_for(const std::vector<T>& what, size_t count) {
  constexpr std::chrono::seconds kPatience{20};
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return what.size() >= count; }))
      << what.size() << " of " << count << " came";
  return what;
}

std::vector<std::pair<std::string, Message>> RecordingLink::messages(size_t count) {
  return wait_for(messages_, count);
}

std::vector<PeerEvent> RecordingLink::events(size_t count) { return wait_for(events_, count); }

Message item(uint64_t number, std::vector<SharedBytes> parts) {
  return {.kind = MessageKind::deliver,
          .lane = 0,
          .number = number,
          .name = "Item",
          .parts = std::move(parts)};
}

SharedBytes random_bytes(size_t size, uint64_t seed) {
  std::vector<std::byte> out(size);
  Random random{RandomKey(seed)};
  for (std::byte& byte : out) byte = static_cast<std::byte>(random.next());
  return SharedBytes::of(std::move(out));
}

bool equal(const SharedBytes& a, const SharedBytes& b) {
  return std::ranges::equal(a.span(), b.span());
}

}  // namespace arno::io
