// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/replica_groups.h"

#include "common/error.h"
#include "common/host_port.h"
#include "io/zeromq/job_key.h"

namespace arno::graph {
namespace {

/// Groups on the interface of the payload plane.
class NodeGroups final : public ops::GroupMaker {
 public:
  NodeGroups(std::shared_ptr<ops::Store> store, std::string payload, std::string key)
      : store_(std::move(store)), payload_(std::move(payload)), key_(std::move(key)) {}

  std::shared_ptr<ops::Communicator> join(const std::string& group, int64_t rank, int64_t size,
                                          ops::CommOptions options) override {
    return on_interface(host_of_payload(), options)->join(group, rank, size, options);
  }

 private:
  std::shared_ptr<ops::GroupMaker> on_interface(const std::string& host,
                                                const ops::CommOptions& options) const {
    if (!key_.empty()) {
      const io::KeyFolder files = io::key_folder(key_);
      return ops::tls_groups(store_, host, {files.certificate, files.private_key});
    }
    ARNO_CHECK(is_loopback(host) || options.plain_network, Errc::config_invalid,
               "[groups] replicas would exchange features and gradients at {} in the clear; give "
               "the job a key (arno key new), or, on a network that is trusted, allow it by "
               "plain_network: true of the gradient_allreduce",
               host);
    return ops::gloo_groups(store_, host);
  }

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
  std::string key_;  ///< folder; empty: none
};

}  // namespace

ReplicaGroups::ReplicaGroups(int64_t start, std::string payload, const std::string& key,
                             ControlStore::Tell tell, std::shared_ptr<ops::GroupMaker> local)
    : store_(std::make_shared<ControlStore>(std::move(tell))) {
  const std::string prefix = fmt::format("{}/", start);
  local_ = std::make_shared<ops::AbortableGroups>(local ? std::move(local) : ops::local_groups(),
                                                  prefix);
  between_nodes_ = std::make_shared<ops::AbortableGroups>(
      std::make_shared<NodeGroups>(store_, std::move(payload), key), prefix);
}

void ReplicaGroups::abort(const std::string& reason) noexcept {
  store_->close();
  local_->abort(reason);
  between_nodes_->abort(reason);
}

}  // namespace arno::graph
