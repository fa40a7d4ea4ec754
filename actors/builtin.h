// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/actor_kind.h"

namespace arno::actors {

/// Every kind of actor that comes with Arno.
void register_builtin_actors(graph::Registry& registry);

}  // namespace arno::actors
