// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "monitoring/metrics.h"
#include "ops/comm/communicator.h"

namespace arno::actors {

/// What a member of a group has exchanged.
struct CommMetrics {
  monitoring::Counter calls;
  monitoring::Counter bytes;    ///< of the tensors it put in
  monitoring::Counter seconds;  ///< in calls, waiting for peers included
};

/// The same member, counted.
std::shared_ptr<ops::Communicator> metered(std::shared_ptr<ops::Communicator> member,
                                           CommMetrics metrics);

}  // namespace arno::actors
