// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ops/comm/communicator.h"
#include "ops/comm/store.h"
#include "ops/comm/tls.h"

namespace arno::ops {

/// Forms groups of replicas by their names. Used from several threads at once.
class GroupMaker {
 public:
  virtual ~GroupMaker() = default;
  /// The member of rank `rank`. Every member calls it once, with the same name, size and options;
  /// may wait for the others. Throws comm_failed when one does not come, invalid_argument when the
  /// members do not agree.
  virtual std::shared_ptr<Communicator> join(const std::string& group, int64_t rank, int64_t size,
                                             CommOptions options) = 0;
};

/// Groups of another maker that can all be ended at once. Thread-safe.
class AbortableGroups final : public GroupMaker {
 public:
  /// `prefix`: comes before every name.
  AbortableGroups(std::shared_ptr<GroupMaker> maker, std::string prefix)
      : maker_(std::move(maker)), prefix_(std::move(prefix)) {}

  /// Throws cancelled after abort().
  std::shared_ptr<Communicator> join(const std::string& group, int64_t rank, int64_t size,
                                     CommOptions options) override;
  /// Ends the groups that were formed here (Communicator::abort()); no other is formed. Does not
  /// wait.
  void abort(const std::string& reason) noexcept;

 private:
  void check() const;

  std::shared_ptr<GroupMaker> maker_;
  std::string prefix_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Communicator>> members_;
  std::string ended_;  ///< why; empty while groups are formed
};

/// Groups whose members are all in this process (local_group()). Does not wait.
std::shared_ptr<GroupMaker> local_groups();

/// Groups over TCP (gloo_communicator()). `address`: numeric, of the interface to listen on.
std::shared_ptr<GroupMaker> gloo_groups(std::shared_ptr<Store> store, std::string address);

/// Groups over encrypted TCP (tls_communicator()). `address` likewise.
std::shared_ptr<GroupMaker> tls_groups(std::shared_ptr<Store> store, std::string address,
                                       TlsFiles files);

}  // namespace arno::ops
