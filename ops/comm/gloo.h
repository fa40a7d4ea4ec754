// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ops/comm/communicator.h"
#include "ops/comm/store.h"
#include "ops/comm/tcp_member.h"

namespace arno::ops {

/// A member of a group over TCP (Gloo). Connects to every other member, which does the same at the
/// same time with an equal store. Throws comm_failed, naming the rank, when one does not come
/// within the deadline.
///
/// A rank that runs into the deadline closes its connections, so of several waiting ranks the first
/// names the silent one, the others that one or the first.
///
/// Gloo's own allreduce adds in an order that depends on the rank, so only its connections are
/// used; the sums are those of local_group().
std::shared_ptr<Communicator> gloo_communicator(Store& store, const TcpMember& member);

}  // namespace arno::ops
