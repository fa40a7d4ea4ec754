// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ops/core/tensor.h"

namespace arno::ops {

/// How long the members of a group wait for each other.
struct CommOptions {
  /// Milliseconds that a call waits for a peer. Members reach a call at different times, so this
  /// has to cover a whole step; whoever knows earlier that a peer is gone calls abort().
  int64_t deadline_ms = 60'000;
  /// Whether members may talk over a network in the clear. What encrypts does not ask (tls.h).
  bool plain_network = false;
};

/// A member of a group of replicas that compute collectively. Every member makes the same calls in
/// the same order with tensors of the same shape and dtype; one call at a time.
///
/// Sums are made in rank order, in f32 (f64 for f64), each element by one member, so they repeat
/// bit by bit and are the same on every rank. (NCCL has an order of its own, see nccl.h.)
///
/// A call fails with comm_failed, naming the rank, when a peer is silent for longer than the
/// deadline, is gone, or makes another call; with cancelled after abort(). The group cannot be used
/// after that: every later call fails with the same text.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int64_t rank() const = 0;
  virtual int64_t size() const = 0;

  /// own [n, ...] -> [size * n, ...], in rank order. Any dtype.
  virtual Tensor all_gather(const Tensor& own) = 0;
  /// Replaces the values by their sum over the ranks. Floating dtypes.
  virtual void all_reduce(Tensor& values) = 0;
  /// values [size * n, ...] -> rows [rank * n, (rank + 1) * n) of their sum over the ranks.
  virtual Tensor reduce_scatter(const Tensor& values) = 0;
  /// Replaces the values by those of rank `root`. Any dtype.
  virtual void broadcast(Tensor& values, int64_t root) = 0;
  /// Returns when every rank has called it.
  virtual void barrier() = 0;

  /// Ends the group from any thread: calls under way and later ones fail, here and, where the
  /// members share a process or a connection, there. Does not wait.
  virtual void abort(const std::string& reason) noexcept = 0;
};

}  // namespace arno::ops
