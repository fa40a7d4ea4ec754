// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/replica_groups.h"

#include "common/error.h"
#include "common/host_port.h"

namespace arno::graph {
namespace {

/// Groups over Gloo on the interface of the payload plane.
class NodeGroups final : public ops::GroupMaker {
 public:
  NodeGroups(std::shared_ptr<ops::Store> store, std::string payload)
      : store_(std::move(store)), payload_(std::move(payload)) {}

  std::shared_ptr<ops::Communicator> join(const std::string& group, int64_t rank, int64_t size,
                                          ops::CommOptions options) override {
    const std::string host = host_of_payload();
    ARNO_CHECK(is_loopback(host) || options.plain_network, Errc::config_invalid,
               "[groups] replicas would exchange features and gradients at {} in the clear; allow "
               "it by plain_network: true of the gradient_allreduce, on a network that is trusted",
               host);
    return ops::gloo_groups(store_, host)->join(group, rank, size, options);
  }

 private:
  std::string host_of_payload() const {
    const std::optional<HostPort> at = parse_tcp_address(payload_);
    ARNO_CHECK(at && at->host != "0.0.0.0" && at->host != "::", Errc::config_invalid,
               "[groups] items come in at {}, expected the address of one interface: replicas on "
               "other nodes are met there",
               payload_);
    return at->host;
  }

  std::shared_ptr<ops::Store> store_;
  std::string payload_;
};

}  // namespace

ReplicaGroups::ReplicaGroups(int64_t start, std::string payload, ControlStore::Tell tell,
                             std::shared_ptr<ops::GroupMaker> local)
    : store_(std::make_shared<ControlStore>(std::move(tell))) {
  const std::string prefix = fmt::format("{}/", start);
  local_ = std::make_shared<ops::AbortableGroups>(local ? std::move(local) : ops::local_groups(),
                                                  prefix);
  between_nodes_ = std::make_shared<ops::AbortableGroups>(
      std::make_shared<NodeGroups>(store_, std::move(payload)), prefix);
}

void ReplicaGroups::abort(const std::string& reason) noexcept {
  store_->close();
  local_->abort(reason);
  between_nodes_->abort(reason);
}

}  // namespace arno::graph
