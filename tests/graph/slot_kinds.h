// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/graph/toy_kinds.h"

namespace arno::graph {

/// Adds toy kinds that number their items as the training does, so that what a lost node held can
/// be sent again:
///   slots   delivered, rejects -> out   emits slots 0 .. `count` - 1, at most `window` ahead of
///                                       what was delivered; all that was not, again when asked
///   picky   in -> out, rejects          sends back the first attempt at every 7th slot; placeable
///   order   in -> delivered             puts slots into order, leaves out what comes twice, notes
///                                       each under its name, and repetitions under "repeated"
///           ... -> out                  emits them in order
///   learn   in -> out                   makes a step of each slot; the first replica notes it
///                                       under "steps", and emits how many there are every
///                                       `window` steps and at the end; keeps state
void add_slot_kinds(Registry& registry, Ledger& ledger);

}  // namespace arno::graph
