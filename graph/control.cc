// SPDX-License-Identifier: Apache-2.0
#include "graph/control.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <charconv>

#include "common/error.h"
#include "common/log.h"
#include "common/version.h"

namespace arno::graph {
namespace {

/// (version, verb, name, body) -> (Errc, -1 for none; text).
using ControlActor = caf::typed_actor<caf::replies_to<std::string, std::string, std::string,
                                                      std::string>::with<int32_t, std::string>>;

constexpr int32_t kDone = -1;

struct Endpoint {
  std::string host;
  uint16_t port = 0;
};

Endpoint endpoint_of(const std::string& address) {
  const size_t colon = address.rfind(':');
  Endpoint out{.host = address.substr(0, colon)};
  const char* const end = address.data() + address.size();
  const auto parsed = colon == std::string::npos
                          ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                          : std::from_chars(address.data() + colon + 1, end, out.port);
  ARNO_CHECK(parsed.ec == std::errc() && parsed.ptr == end && !out.host.empty(),
             Errc::config_invalid, "found the address \"{}\", expected host:port", address);
  return out;
}

/// What a peer says went wrong.
Errc errc_of(int32_t code) {
  const bool known = code >= static_cast<int32_t>(Errc::invalid_argument) &&
                     code <= static_cast<int32_t>(Errc::diverged);
  return known ? static_cast<Errc>(code) : Errc::comm_failed;
}

struct ControlConfig : caf::actor_system_config {
  ControlConfig() {
    set("scheduler.max-threads", size_t{1});
    set("scheduler.policy", caf::atom("sharing"));
    set("logger.verbosity", caf::atom("quiet"));
    set("middleman.workers", size_t{0});
    load<caf::io::middleman>();
  }
};

std::pair<int32_t, std::string> answer(const ControlServer::Handler& handler,
                                       const std::string& version, ControlRequest request) {
  try {
    ARNO_CHECK(version == arno::version(), Errc::unsupported,
               "a peer of version {} asked, this is version {}", version, arno::version());
    return {kDone, handler(request)};
  } catch (const Error& error) {
    log::warn("control", "{} {} was refused: {}", request.verb, request.name, error.what());
    return {static_cast<int32_t>(error.code()), error.what()};
  } catch (const std::exception& error) {
    log::warn("control", "{} {} failed: {}", request.verb, request.name, error.what());
    return {static_cast<int32_t>(Errc::library_failed), error.what()};
  }
}

ControlActor::behavior_type control(ControlActor::pointer, ControlServer::Handler handler) {
  return {[handler = std::move(handler)](const std::string& version, const std::string& verb,
                                         const std::string& name, const std::string& body) {
    auto [code, text] = answer(handler, version, {verb, name, body});
    return caf::result<int32_t, std::string>(code, std::move(text));
  }};
}

}  // namespace

struct ControlServer::Impl {
  explicit Impl(Handler handler)
      : actor(system.spawn<caf::detached>(control, std::move(handler))) {}
  ~Impl() { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); }

  ControlConfig config;
  caf::actor_system system{config};
  ControlActor actor;
};

ControlServer::ControlServer(const std::string& listen, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(handler))) {
  const Endpoint at = endpoint_of(listen);
  const auto port =
      impl_->system.middleman().publish(impl_->actor, at.port, at.host.c_str(), /*reuse=*/true);
  ARNO_CHECK(port, Errc::io_failed, "cannot listen on {} for control: {}", listen,
             impl_->system.render(port.error()));
  address_ = fmt::format("{}:{}", at.host, *port);
}

ControlServer::~ControlServer() = default;

std::string call_control(const std::string& address, const ControlRequest& request,
                         std::chrono::milliseconds timeout) {
  const Endpoint at = endpoint_of(address);
  ControlConfig config;
  caf::actor_system system(config);
  const auto remote = system.middleman().remote_actor<ControlActor>(at.host, at.port);
  ARNO_CHECK(remote, Errc::io_failed, "no job answers at {}: {}", address,
             system.render(remote.error()));
  int32_t code = kDone;
  std::string text;
  caf::scoped_actor self(system);
  self->request(*remote, timeout, std::string(version()), request.verb, request.name, request.body)
      .receive(
          [&](int32_t how, std::string& what) {
            code = how;
            text = std::move(what);
          },
          [&](const caf::error& error) {
            code = static_cast<int32_t>(Errc::timeout);
            text = fmt::format("{} did not answer \"{}\": {}", address, request.verb,
                               system.render(error));
          });
  if (code != kDone) throw Error(errc_of(code), text);
  return text;
}

}  // namespace arno::graph
