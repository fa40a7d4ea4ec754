// SPDX-License-Identifier: Apache-2.0
#include "graph/control.h"

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>

#include "common/error.h"
#include "common/version.h"
#include "graph/detail/control_system.h"
#include "graph/detail/end_actors.h"
#include "graph/detail/mailbox_order.h"
#include "graph/detail/order_queue.h"

namespace arno::graph {
namespace {

/// What became of an order.
struct OrderDone {
  int64_t number = 0;
  int32_t code = detail::kDone;
  std::string text;
};

/// Every order has been answered.
struct EndControl {};

}  // namespace
}  // namespace arno::graph

// Neither can come from another process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::OrderDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(arno::graph::EndControl)

namespace arno::graph {
namespace {

/// (version, verb, name, body) -> (Errc, -1 for none; text).
using ControlActor = caf::typed_actor<caf::replies_to<std::string, std::string, std::string,
                                                      std::string>::with<int32_t, std::string>>;
using ServerActor = ControlActor::extend<caf::reacts_to<OrderDone>, caf::reacts_to<EndControl>>;
using Answer = caf::result<int32_t, std::string>;

std::pair<int32_t, std::string> answer_to(const ControlRequest& request,
                                          const ControlServer::Handler& handler) {
  return detail::answer_of(fmt::format("{} {}", request.verb, request.name),
                           [&] { return handler(request); });
}

std::string refuse(const ControlRequest&) {
  fail(Errc::cancelled, "the order was not begun: the job is ending");
}

Answer answered(std::pair<int32_t, std::string> answer) {
  return {answer.first, std::move(answer.second)};
}

struct ServerState {
  static constexpr const char* name = "control";

  ControlServer::Handler answer;
  ControlServer::IsOrder is_order;
  detail::OrderQueue* orders = nullptr;
  int64_t count = 0;                                 ///< of orders
  std::map<int64_t, caf::response_promise> waiting;  ///< who waits for which
};

using Self = ServerActor::stateful_pointer<ServerState>;

Answer take_order(Self self, const ControlRequest& request) {
  ServerState& state = self->state;
  const int64_t number = state.count++;
  const bool taken = state.orders->add(
      {request, [number, to = ServerActor(self)](int32_t code, std::string text) {
         detail::send_in_order(nullptr, to, OrderDone{number, code, std::move(text)});
       }});
  if (!taken) return answered(answer_to(request, refuse));
  return state.waiting[number] = self->make_response_promise();
}

Answer on_request(Self self, const std::string& version, const ControlRequest& request) {
  const bool is_ours = version == arno::version();
  if (is_ours && self->state.is_order(request)) return take_order(self, request);
  return answered(answer_to(request, [&](const ControlRequest&) {
    ARNO_CHECK(is_ours, Errc::unsupported, "a peer of version {} asked, this is version {}",
               version, arno::version());
    return self->state.answer(request);
  }));
}

void on_done(Self self, const OrderDone& done) {
  auto waits = self->state.waiting.extract(done.number);
  waits.mapped().deliver(done.code, done.text);
}

void on_end(Self self, const EndControl&) { self->quit(); }

ServerActor::behavior_type server(Self self, ControlServer::Handler handler,
                                  ControlServer::IsOrder is_order, detail::OrderQueue* orders) {
  self->state.answer = std::move(handler);
  self->state.is_order = std::move(is_order);
  self->state.orders = orders;
  return {[self](const std::string& version, const std::string& verb, const std::string& name,
                 const std::string& body) {
            const detail::Turn turn(self);
            return on_request(self, version, {verb, name, body});
          },
          detail::in_turn(self, on_done), detail::in_turn(self, on_end)};
}

}  // namespace

struct ControlServer::Impl {
  Impl(const Handler& handler, IsOrder is_order, const std::string& key)
      : control_system(key),
        orders(std::make_unique<detail::OrderQueue>([handler](const detail::Order& order) {
          auto [code, text] = answer_to(order.request, handler);
          order.answer(code, std::move(text));
        })),
        actor(control_system.system().spawn(server, handler, std::move(is_order), orders.get())) {}
  ~Impl() {
    for (const detail::Order& order : orders->close()) {
      auto [code, text] = answer_to(order.request, refuse);
      order.answer(code, std::move(text));
    }
    orders->join();
    // Not by an exit, which would overtake the answers.
    detail::send_in_order(nullptr, actor, EndControl{});
    detail::await_end(std::vector{actor});
  }

  detail::ControlSystem control_system;
  std::unique_ptr<detail::OrderQueue> orders;
  ServerActor actor;
};

ControlServer::ControlServer(const std::string& listen, const Handler& handler, IsOrder is_order,
                             const std::string& key)
    : impl_(std::make_unique<Impl>(handler, std::move(is_order), key)),
      address_(impl_->control_system.publish(ControlActor(impl_->actor), listen)) {}

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
