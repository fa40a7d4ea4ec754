// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "ops/comm/communicator.h"

namespace arno::ops {

/// A group of `size` members in this process, for threads; [r] is the member of rank r. Values go
/// straight from one member's memory to the other's. abort() of one ends the group for all.
std::vector<std::shared_ptr<Communicator>> local_group(int64_t size, CommOptions options = {});

}  // namespace arno::ops
