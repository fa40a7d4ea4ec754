// SPDX-License-Identifier: Apache-2.0

// Items from one process to another on loopback: over a PayloadLink with credit, plain (`link`) or
// with a job key (`curve`), and over a plain TCP connection (`tcp`). Prints {"rates": [...]} in
// MiB a second.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <vector>

#include "common/error.h"
#include "common/memory.h"
#include "io/zeromq/payload_link.h"

namespace {

using namespace arno;

struct Settings {
  size_t item_bytes = 1 << 20;
  size_t total_bytes = size_t{1} << 30;  ///< sent in one repeat
  int repeats = 5;

  uint64_t items() const { return std::max<uint64_t>(total_bytes / item_bytes, 1); }
  /// Items that may be under way.
  uint64_t credit() const {
    constexpr size_t kBudget = 64 << 20;
    return std::clamp<uint64_t>(kBudget / item_bytes, 4, 256);
  }
};

void check(bool good, const char* what) {
  ARNO_CHECK(good, Errc::comm_failed, "{}: {}", what, std::strerror(errno));
}

/// Times `send_all` and turns it into MiB a second, `repeats` times.
template <class SendAll>
std::vector<double> rates_of(const Settings& settings, SendAll send_all) {
  std::vector<double> out;
  const double mebibytes = static_cast<double>(settings.items() * settings.item_bytes) / (1 << 20);
  for (int i = 0; i < settings.repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    send_all();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    out.push_back(mebibytes / taken.count());
  }
  return out;
}

SharedBytes make_item(size_t bytes) {
  return SharedBytes::of(std::vector<std::byte>(bytes, std::byte{1}));
}

// Both ends of a TCP connection: the receiver answers with a byte when all items are there.

void read_all(int socket, std::byte* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::recv(socket, to, bytes, 0);
    check(got > 0, "recv");
    to += got;
    bytes -= static_cast<size_t>(got);
  }
}

[[noreturn]] void receive_tcp(uint16_t port, const Settings& settings) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  check(::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "connect");
  std::vector<std::byte> item(settings.item_bytes);
  for (;;) {
    for (uint64_t i = 0; i < settings.items(); ++i) read_all(socket, item.data(), item.size());
    check(::send(socket, item.data(), 1, MSG_NOSIGNAL) == 1, "send");
  }
}

void send_tcp(int socket, const SharedBytes& item, const Settings& settings) {
  for (uint64_t i = 0; i < settings.items(); ++i) {
    for (auto rest = item.span(); !rest.empty();) {
      const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
      check(sent > 0, "send");
      rest = rest.subspan(static_cast<size_t>(sent));
    }
  }
  std::byte done{};
  read_all(socket, &done, 1);
}

std::vector<double> measure_tcp(const Settings& settings) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof where;
  auto* address = reinterpret_cast<sockaddr*>(&where);
  check(::bind(listener, address, size) == 0 && ::listen(listener, 1) == 0 &&
            ::getsockname(listener, address, &size) == 0,
        "listen");
  const pid_t child = ::fork();
  if (child == 0) receive_tcp(where.sin_port, settings);
  const int socket = ::accept(listener, nullptr, nullptr);
  const SharedBytes item = make_item(settings.item_bytes);
  auto out = rates_of(settings, [&] { send_tcp(socket, item, settings); });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return out;
}

// Both ends of a link: the receiver returns credit for every item.

/// The sender's end.
class Sender {
 public:
  Sender(const Settings& settings, const std::optional<io::JobKey>& key)
      : settings_(settings), link_(options(key)), item_(make_item(settings.item_bytes)) {}

  const std::string& address() const { return link_.address(); }
  void send_all() {
    const uint64_t last = sent_ + settings_.items();
    while (sent_ < last) {
      wait_for(sent_ + 1 < settings_.credit() ? 0 : sent_ + 1 - settings_.credit());
      link_.send("receiver", {.kind = io::MessageKind::deliver,
                              .lane = 0,
                              .number = ++sent_,
                              .bytes = static_cast<int64_t>(item_.size()),
                              .name = "Item",
                              .parts = {item_}});
    }
    wait_for(last);
  }
  void wait_for_receiver() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return connected_; });
  }

 private:
  io::PayloadLinkOptions options(const std::optional<io::JobKey>& key) {
    io::PayloadLinkOptions out{.node = "sender", .job = "bench", .key = key};
    out.on_message = [this](const std::string&, const io::Message& message) {
      const std::scoped_lock lock(mutex_);
      done_ = message.number;
      changed_.notify_one();
    };
    out.on_peer = [this](const io::PeerEvent& event) {
      const std::scoped_lock lock(mutex_);
      connected_ = event.kind == io::PeerEvent::connected;
      changed_.notify_one();
    };
    return out;
  }
  void wait_for(uint64_t items) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= items; });
  }

  const Settings& settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t done_ = 0;
  uint64_t sent_ = 0;
  bool connected_ = false;
  io::PayloadLink link_;
  SharedBytes item_;
};

[[noreturn]] void receive_link(int addresses, const std::optional<io::JobKey>& key) {
  std::string address;
  for (char c = 0; ::read(addresses, &c, 1) == 1;) address += c;
  io::PayloadLink* own = nullptr;
  io::PayloadLinkOptions options{.node = "receiver", .job = "bench", .key = key};
  options.on_message = [&own](const std::string& peer, const io::Message& message) {
    own->send(peer, {.kind = io::MessageKind::acknowledge, .lane = 0, .number = message.number});
  };
  options.on_peer = [](const io::PeerEvent&) {};
  io::PayloadLink link(options);
  own = &link;
  link.connect("sender", address);
  for (;;) ::pause();
}

std::vector<double> measure_link(const Settings& settings, const std::optional<io::JobKey>& key) {
  int ends[2] = {-1, -1};
  check(::pipe(ends) == 0, "pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    receive_link(ends[0], key);
  }
  Sender sender(settings, key);
  check(::write(ends[1], sender.address().data(), sender.address().size()) > 0, "write");
  ::close(ends[1]);
  sender.wait_for_receiver();
  auto out = rates_of(settings, [&] { sender.send_all(); });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  arno::keep_freed_memory();  // as the program does
  CLI::App app("One side of the payload benchmark.");
  std::string side;
  Settings settings;
  app.add_option("side", side)->required()->check(CLI::IsMember({"link", "curve", "tcp"}));
  app.add_option("--bytes", settings.item_bytes, "of an item")->check(CLI::PositiveNumber);
  app.add_option("--total", settings.total_bytes, "bytes sent in one repeat");
  app.add_option("--repeats", settings.repeats);
  CLI11_PARSE(app, argc, argv);
  try {
    std::optional<io::JobKey> key;
    if (side == "curve") key = io::JobKey::make();
    const auto rates = side == "tcp" ? measure_tcp(settings) : measure_link(settings, key);
    fmt::print("{{\"rates\": [{}]}}\n", fmt::join(rates, ", "));
  } catch (const std::exception& error) {
    fmt::print(stderr, "payload: {}\n", error.what());
    return 1;
  }
  return 0;
}
