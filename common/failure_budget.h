// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

// How long the loss of a process or of the network to it may go unnoticed, and the time limits
// between processes that derive from it.
namespace arno {

constexpr std::chrono::milliseconds kFailureBudget{2'000};

/// Peers that have nothing to say let each other know so often that they are there.
constexpr std::chrono::milliseconds kHeartbeat = kFailureBudget / 10;

/// A peer is lost when nothing has come from it for so long. What is sent again after a cut of half
/// a second, on a busy machine, comes more than a second after what came last.
constexpr std::chrono::milliseconds kSilenceLimit = kFailureBudget * 3 / 4;

/// The network to a peer is cut when for so long nothing that was sent again has reached its
/// machine. The kernel counts (TCP_USER_TIMEOUT) from when it first sends again, as much as 400 ms
/// after the loss; after a cut of half a second it has done so twice within this time.
constexpr std::chrono::milliseconds kCutLimit = kFailureBudget * 3 / 5;

static_assert(kHeartbeat + kSilenceLimit < kFailureBudget);
static_assert(kHeartbeat + std::chrono::milliseconds(400) + kCutLimit < kFailureBudget);

}  // namespace arno
