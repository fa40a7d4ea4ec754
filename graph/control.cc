// SPDX-License-Identifier: Apache-2.0
#include "graph/control.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "common/error.h"
#include "common/version.h"
#include "graph/detail/control_system.h"

namespace arno::graph {
namespace {

/// (version, verb, name, body) -> (Errc, -1 for none; text).
using ControlActor = caf::typed_actor<caf::replies_to<std::string, std::string, std::string,
                                                      std::string>::with<int32_t, std::string>>;

ControlActor::behavior_type control(ControlActor::pointer, ControlServer::Handler handler) {
  return {[handler = std::move(handler)](const std::string& version, const std::string& verb,
                                         const std::string& name, const std::string& body) {
    auto [code, text] = detail::answer_of(fmt::format("{} {}", verb, name), [&] {
      ARNO_CHECK(version == arno::version(), Errc::unsupported,
                 "a peer of version {} asked, this is version {}", version, arno::version());
      return handler({verb, name, body});
    });
    return caf::result<int32_t, std::string>(code, std::move(text));
  }};
}

}  // namespace

struct ControlServer::Impl {
  Impl(Handler handler, const std::string& key)
      : control_system(key), actor(control_system.system().spawn(control, std::move(handler))) {}
  ~Impl() { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); }

  detail::ControlSystem control_system;
  ControlActor actor;
};

ControlServer::ControlServer(const std::string& listen, Handler handler, const std::string& key)
    : impl_(std::make_unique<Impl>(std::move(handler), key)),
      address_(impl_->control_system.publish(impl_->actor, listen)) {}

ControlServer::~ControlServer() = default;

std::string call_control(const std::string& address, const ControlRequest& request,
                         std::chrono::milliseconds timeout, const std::string& key) {
  detail::ControlSystem control_system(key);
  const auto remote = control_system.reach<ControlActor>(address);
  try {
    return detail::ask(control_system.system(), remote, timeout, Errc::timeout,
                       std::string(version()), request.verb, request.name, request.body);
  } catch (const Error& error) {
    if (error.code() != Errc::timeout) throw;
    fail(Errc::timeout, "\"{}\" to {}: {}", request.verb, address, error.what());
  }
}

}  // namespace arno::graph
