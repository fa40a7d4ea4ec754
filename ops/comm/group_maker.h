// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ops/comm/communicator.h"
#include "ops/comm/store.h"

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

/// Groups whose members are all in this process (local_group()). Does not wait.
std::shared_ptr<GroupMaker> local_groups();

/// Groups over TCP (gloo_communicator()). `address`: numeric, of the interface to listen on.
std::shared_ptr<GroupMaker> gloo_groups(std::shared_ptr<Store> store, std::string address);

}  // namespace arno::ops
