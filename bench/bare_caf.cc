// SPDX-License-Identifier: Apache-2.0
#include "bench/bare_caf.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <future>

#include "common/error.h"

namespace arno::bench {
namespace {

using Producer = caf::typed_actor<caf::reacts_to<caf::ok_atom>>;
using Consumer = caf::typed_actor<caf::reacts_to<int64_t, uint64_t>>;

struct ConsumerState {
  int64_t items = 0;
  uint64_t sum = 0;
  Producer producer;
};
struct ProducerState {
  int64_t sent = 0;
  Consumer consumer;
};

Consumer::behavior_type consume(Consumer::stateful_pointer<ConsumerState> self, Producer producer,
                                int64_t items, int64_t window, std::promise<uint64_t>* done) {
  self->state.producer = std::move(producer);
  return {[=](int64_t slot, uint64_t value) {
    ConsumerState& state = self->state;
    state.sum += value + static_cast<uint64_t>(slot);
    if (++state.items == items) {
      done->set_value(state.sum);
      self->quit();
    } else if (state.items % window == 0) {
      self->send(state.producer, caf::ok_atom::value);
    }
  }};
}

Producer::behavior_type produce(Producer::stateful_pointer<ProducerState> self, int64_t items,
                                int64_t window, std::promise<uint64_t>* done) {
  self->state.consumer = self->spawn(consume, Producer(self), items, window, done);
  return {[=](caf::ok_atom) {
    ProducerState& state = self->state;
    const int64_t end = std::min(items, state.sent + window);
    for (; state.sent < end; ++state.sent) {
      self->send(state.consumer, state.sent, static_cast<uint64_t>(state.sent));
    }
    if (state.sent == items) self->quit();
  }};
}

}  // namespace

double seconds_of_bare_caf(int64_t items, int64_t window) {
  caf::actor_system_config config;
  config.set("scheduler.max-threads", size_t{1});
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system(config);
  std::promise<uint64_t> done;
  const auto start = std::chrono::steady_clock::now();
  const Producer producer = system.spawn(produce, items, window, &done);
  caf::anon_send(producer, caf::ok_atom::value);
  const uint64_t sum = done.get_future().get();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const auto count = static_cast<uint64_t>(items);
  ARNO_CHECK(sum == count * (count - 1), Errc::invalid_argument,
             "[bare_caf] sum of the items is {}, expected {}", sum, count * (count - 1));
  return taken.count();
}

}  // namespace arno::bench
