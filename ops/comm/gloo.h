// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ops/comm/communicator.h"
#include "ops/comm/store.h"

namespace arno::ops {

/// A member of a group over TCP (Gloo).
struct GlooOptions {
  int64_t rank = 0;
  int64_t size = 1;
  std::string address = "127.0.0.1";  ///< numeric, of the interface to listen on
  std::string prefix;                 ///< of the group's keys in the store
  CommOptions comm;
};

/// Connects to every other member, which does the same at the same time with an equal store.
/// Throws comm_failed, naming the rank, when one does not come within the deadline.
///
/// A rank that runs into the deadline closes its connections, so of several waiting ranks the first
/// names the silent one, the others that one or the first.
///
/// Gloo's own allreduce adds in an order that depends on the rank, so only its connections are
/// used; the sums are those of local_group().
std::shared_ptr<Communicator> gloo_communicator(Store& store, const GlooOptions& options);

}  // namespace arno::ops
