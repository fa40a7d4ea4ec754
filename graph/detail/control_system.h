// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/publish.hpp>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "common/error.h"
#include "common/host_port.h"

// What servers and clients of the control plane share.
namespace arno::graph::detail {

/// An actor system of the control plane: traffic of a job does not hold it up. A silent peer is
/// noticed within two seconds. With the folder of a job key both ends show its certificate (mutual
/// TLS), and a peer without it gets nowhere.
class ControlSystem {
 public:
  /// `key_folder`: empty for none.
  explicit ControlSystem(const std::string& key_folder);

  caf::actor_system& system() { return system_; }
  /// Listens on "host:port" for peers that talk to an actor; returns the address with the port that
  /// was taken. Throws io_failed.
  template <class Handle>
  std::string publish(const Handle& actor, const std::string& listen);
  /// The actor that is published at "host:port". Throws io_failed when none is, or one of another
  /// kind, or the two ends do not have the same key.
  template <class Handle>
  Handle reach(const std::string& address);

 private:
  struct Config : caf::actor_system_config {
    explicit Config(const std::string& key_folder);
  };
  static HostPort endpoint_of(const std::string& address);
  caf::strong_actor_ptr reach(const std::string& address, const std::set<std::string>& kind);

  /// What an error of CAF means to who reads it.
  std::string why_not(const caf::error& error) const;

  bool secure_;
  Config config_;
  caf::actor_system system_;
};

template <class Handle>
std::string ControlSystem::publish(const Handle& actor, const std::string& listen) {
  const HostPort at = endpoint_of(listen);
  const auto port =
      secure_ ? caf::openssl::publish(actor, at.port, at.host.c_str(), /*reuse=*/true)
              : system_.middleman().publish(actor, at.port, at.host.c_str(), /*reuse=*/true);
  ARNO_CHECK(port, Errc::io_failed, "cannot listen on {} for control: {}", listen,
             why_not(port.error()));
  return fmt::format("{}:{}", at.shown_host, *port);
}

template <class Handle>
Handle ControlSystem::reach(const std::string& address) {
  return caf::actor_cast<Handle>(
      reach(address, system_.message_types(caf::detail::type_list<Handle>{})));
}

/// The code of an answer that is none of an Error.
inline constexpr int32_t kDone = -1;

/// What `work` returns, or the code and text of what it throws, which is logged as `what`.
std::pair<int32_t, std::string> answer_of(const std::string& what,
                                          const std::function<std::string()>& work);
/// The text of an answer. Throws the Error that it carries.
std::string text_of(int32_t code, std::string text);
/// What a peer says went wrong; comm_failed for a code that is none.
Errc errc_of(int32_t code);

/// Asks an actor that answers as answer_of() says, and waits. Throws what it throws, and `silent`
/// when no answer comes in time, or its process is gone or silent.
template <class Handle, class... Words>
std::string ask(caf::actor_system& system, const Handle& actor, std::chrono::milliseconds patience,
                Errc silent, Words... words) {
  int32_t code = kDone;
  std::string text;
  const auto take = [&](int32_t how, std::string what) {
    code = how;
    text = std::move(what);
  };
  caf::scoped_actor self(system);
  // A request that is open to a peer that is gone would wait all its time.
  self->monitor(actor);
  self->send(actor, std::move(words)...);
  self->receive([&](int32_t how, const std::string& what) { take(how, what); },
                [&](const caf::down_msg&) {
                  take(static_cast<int32_t>(silent),
                       "did not answer: its process is gone or silent");
                },
                caf::after(patience) >>
                    [&] { take(static_cast<int32_t>(silent), "did not answer in time"); });
  return text_of(code, std::move(text));
}

}  // namespace arno::graph::detail
