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

caf::result<int32_t, std::string> answer(const std::string& version, const ControlRequest& request,
                                         const ControlServer::Handler& handler) {
  auto [code, text] = detail::answer_of(fmt::format("{} {}", request.verb, request.name), [&] {
    ARNO_CHECK(version == arno::version(), Errc::unsupported,
               "a peer of version {} asked, this is version {}", version, arno::version());
    return handler(request);
  });
  return {code, std::move(text)};
}

ControlActor::behavior_type orders(ControlActor::pointer, ControlServer::Handler handler) {
  return {[handler = std::move(handler)](const std::string& version, const std::string& verb,
                                         const std::string& name, const std::string& body) {
    return answer(version, {verb, name, body}, handler);
  }};
}

/// Hands orders on and answers the rest.
ControlActor::behavior_type control(ControlActor::pointer self, ControlServer::Handler handler,
                                    ControlServer::IsOrder is_order, ControlActor to_orders) {
  return {[self, handler = std::move(handler), is_order = std::move(is_order),
           to_orders = std::move(to_orders)](
              const std::string& version, const std::string& verb, const std::string& name,
              const std::string& body) -> caf::result<int32_t, std::string> {
    const ControlRequest request{verb, name, body};
    if (is_order(request)) return self->delegate(to_orders, version, verb, name, body);
    return answer(version, request, handler);
  }};
}

}  // namespace

struct ControlServer::Impl {
  Impl(Handler handler, IsOrder is_order, const std::string& key)
      : control_system(key),
        // A thread of its own: an order may wait for the job.
        to_orders(control_system.system().spawn<caf::detached>(orders, handler)),
        actor(control_system.system().spawn(control, std::move(handler), std::move(is_order),
                                            to_orders)) {}
  ~Impl() {
    for (const ControlActor& each : {actor, to_orders}) {
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    }
  }

  detail::ControlSystem control_system;
  ControlActor to_orders;
  ControlActor actor;
};

ControlServer::ControlServer(const std::string& listen, Handler handler, IsOrder is_order,
                             const std::string& key)
    : impl_(std::make_unique<Impl>(std::move(handler), std::move(is_order), key)),
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
