// SPDX-License-Identifier: Apache-2.0
#include "graph/detail/control_system.h"

#include <algorithm>
#include <caf/io/middleman_actor.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/sec.hpp>
#include <caf/timespan.hpp>
#include <chrono>

#include "common/failure_budget.h"
#include "common/log.h"
#include "graph/detail/tcp_probe.h"
#include "io/zeromq/job_key.h"

namespace arno::graph::detail {
namespace {

constexpr std::chrono::milliseconds kConnectLimit = kFailureBudget * 5 / 2;
constexpr int kAttempts = 3;

}  // namespace

ControlSystem::Config::Config(const std::string& key_folder) {
  // One thread, on which handlers may block, as no published actor can be detached: the thread of a
  // detached actor lives as long as a handle to it, and the middleman has one to the end. A system
  // also waits at its end for each thread that spawned into it to end, or to spawn into another
  // one: until then the thread holds the system's logger.
  set("scheduler.max-threads", size_t{1});
  set("scheduler.policy", caf::atom("sharing"));
  set("logger.verbosity", caf::atom("quiet"));
  set("middleman.workers", size_t{0});
  set("middleman.heartbeat-interval", caf::timespan(kHeartbeat));
  set("middleman.connection-timeout", caf::timespan(kSilenceLimit));
  load<caf::io::middleman>();
  if (key_folder.empty()) return;
  // Also says what is wrong with the folder, which CAF would not.
  io::read_job_key(key_folder);
  const io::KeyFolder files = io::key_folder(key_folder);
  openssl_certificate = openssl_cafile = files.certificate;
  openssl_key = files.private_key;
  load<caf::openssl::manager>();
}

ControlSystem::ControlSystem(const std::string& key_folder)
    : secure_(!key_folder.empty()), config_(key_folder), system_(config_) {}

caf::strong_actor_ptr ControlSystem::reach(const std::string& address,
                                           const std::set<std::string>& kind) {
  const HostPort at = endpoint_of(address);
  // CAF's own attempt has no limit: it would hold up others, and the end of the process, for
  // minutes.
  const Probe found = probe(at, kConnectLimit);
  std::string why = found.why;
  ARNO_CHECK(why.empty(), Errc::io_failed, "nobody answers at {}: {}", address, why);
  const caf::io::middleman_actor connector =
      secure_ ? system_.openssl_manager().actor_handle() : system_.middleman().actor_handle();
  caf::strong_actor_ptr out;
  caf::scoped_actor self(system_);
  bool again = true;
  // On a busy machine a handshake may take longer than a peer may be silent.
  for (int attempt = 0; attempt < kAttempts && again; ++attempt) {
    again = false;
    self->request(connector, kConnectLimit, caf::connect_atom::value, found.numeric.host, at.port)
        .receive(
            [&](caf::node_id&, caf::strong_actor_ptr& actor, std::set<std::string>& found) {
              if (actor && std::ranges::includes(found, kind)) out = std::move(actor);
              why = "what answers there is something else";
            },
            [&](const caf::error& error) {
              why = why_not(error);
              again = error == caf::sec::connection_timeout;
            });
  }
  ARNO_CHECK(out, Errc::io_failed, "nobody answers at {}{}: {}", address,
             secure_ ? " with this key" : " without a key", why);
  return out;
}

std::string ControlSystem::why_not(const caf::error& error) const {
  if (error == caf::sec::cannot_open_port) {
    return "it is taken, or no address of this machine";
  }
  if (error == caf::sec::disconnect_during_handshake || error == caf::sec::cannot_connect_to_node) {
    return secure_ ? "what listens there has another one, or none, or is something else"
                   : "what listens there has one, or is something else";
  }
  return system_.render(error);
}

HostPort ControlSystem::endpoint_of(const std::string& address) {
  const std::optional<HostPort> out = parse_host_port(address);
  ARNO_CHECK(out, Errc::config_invalid, "found the address \"{}\", expected host:port", address);
  return *out;
}

std::pair<int32_t, std::string> answer_of(const std::string& what,
                                          const std::function<std::string()>& work) {
  try {
    return {kDone, work()};
  } catch (const Error& error) {
    log::warn("control", "{} was refused: {}", what, error.what());
    return {static_cast<int32_t>(error.code()), error.what()};
  } catch (const std::exception& error) {
    log::warn("control", "{} failed: {}", what, error.what());
    return {static_cast<int32_t>(Errc::library_failed), error.what()};
  }
}

Errc errc_of(int32_t code) {
  const bool known = code >= static_cast<int32_t>(Errc::invalid_argument) &&
                     code <= static_cast<int32_t>(Errc::diverged);
  return known ? static_cast<Errc>(code) : Errc::comm_failed;
}

std::string text_of(int32_t code, std::string text) {
  if (code != kDone) throw Error(errc_of(code), text);
  return text;
}

}  // namespace arno::graph::detail
