// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "graph/actor_kind.h"
#include "graph/resources.h"

namespace arno::graph {

struct NodeOptions {
  std::string name;                           ///< as job files call it
  std::string listen = "127.0.0.1:0";         ///< where launchers reach it
  std::string payload = "tcp://127.0.0.1:*";  ///< where items come in
  std::string monitoring;                     ///< "host:port" of its metrics; told to launchers
  std::string key;                            ///< folder of the job key; empty: none
  int64_t workers = 2;                        ///< threads of actors that do not block
  Resources resources{};                      ///< what jobs may use of it; told to launchers
};

/// A process that runs actors of jobs which are launched elsewhere, one job at a time. What its
/// actors do is told to the launcher; when that is gone it ends them and waits for the next job.
class NodeHost {
 public:
  /// Listens. `registry` and `metrics` outlive the host. Throws config_invalid for a name or an
  /// address that cannot be, io_failed, comm_failed.
  NodeHost(const NodeOptions& options, const Registry& registry,
           monitoring::MetricRegistry& metrics);
  ~NodeHost();
  NodeHost(const NodeHost&) = delete;
  NodeHost& operator=(const NodeHost&) = delete;

  /// "host:port" for `nodes:` of a job file.
  const std::string& address() const { return address_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string address_;
};

}  // namespace arno::graph
