// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace arno::graph {

/// What a running job, or a node, is asked to do.
struct ControlRequest {
  std::string verb;  ///< "attach"
  std::string name;  ///< of what it is about: a file, an actor, an edge
  std::string body;  ///< the text of the file, say
};

/// Takes requests over the control plane (CAF's middleman) and answers each with a text. Its own
/// actor system: traffic of a job does not hold it up.
class ControlServer {
 public:
  /// Returns the answer; an Error that it throws is the answer to a request that failed. Called for
  /// one order at a time and, from another thread, for one of the other requests at a time.
  using Handler = std::function<std::string(const ControlRequest&)>;
  /// Whether a request is an order: it may take long, and waits for those before it. Other requests
  /// do not wait for orders.
  using IsOrder = std::function<bool(const ControlRequest&)>;

  /// `listen`: "host:port"; port 0 takes a free one. `key`: folder of a job key that peers have to
  /// have; empty: none. Throws io_failed when it cannot listen there.
  ControlServer(const std::string& listen, const Handler& handler, IsOrder is_order,
                const std::string& key = "");
  /// Waits for the call of the handler that is under way; orders that wait are refused.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// "host:port" with the port that was taken.
  const std::string& address() const { return address_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string address_;
};

/// Sends a request to a ControlServer and returns its answer. Throws what the handler threw, with
/// its code and text; io_failed when nobody listens there; unsupported when the server is of
/// another version; timeout when no answer came in time.
std::string call_control(const std::string& address, const ControlRequest& request,
                         std::chrono::milliseconds timeout, const std::string& key = "");

}  // namespace arno::graph
