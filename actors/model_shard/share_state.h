// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "florence/training/snapshot.h"
#include "ops/comm/communicator.h"

namespace arno::actors {

/// Gives every member of a group the state that rank 0 has: replicas on other nodes need not see
/// the folder of the run. Collective; what other ranks pass is not looked at. Throws what the group
/// throws, invalid_argument when rank 0 has none, and data_corrupt for what is no state.
std::shared_ptr<const florence::Snapshot> share_state(std::shared_ptr<const florence::Snapshot> own,
                                                      ops::Communicator& group);

}  // namespace arno::actors
