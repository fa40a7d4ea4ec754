// SPDX-License-Identifier: Apache-2.0
#include "common/host_lookup.h"

#include <fmt/format.h>
#include <netdb.h>

#include <exception>
#include <future>
#include <memory>
#include <thread>

#include "common/detail/socket_address.h"

namespace arno {

HostAddresses system_lookup(const HostPort& at) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(at.host.c_str(), fmt::to_string(at.port).c_str(), &hints, &found);
  if (failed != 0) return {.problem = fmt::format("host {}: {}", at.host, gai_strerror(failed))};
  HostAddresses out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    out.all.push_back(detail::address_in(*one).host_port());
  }
  ::freeaddrinfo(found);
  return out;
}

HostAddresses addresses_of(const HostPort& at, Deadline deadline, Lookup lookup) {
  if (const auto numeric = detail::numeric_address(at)) return {.all = {numeric->host_port()}};
  std::promise<HostAddresses> promise;
  std::future<HostAddresses> found = promise.get_future();
  // The system's lookup cannot be ended.
  std::thread([at, lookup = std::move(lookup), promise = std::move(promise)]() mutable {
    try {
      promise.set_value(lookup(at));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }).detach();
  if (found.wait_until(deadline) == std::future_status::ready) return found.get();
  return {.problem = fmt::format("host {}: its address was not found in time", at.host)};
}

}  // namespace arno
