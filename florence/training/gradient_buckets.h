// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "florence/towers/parameters.h"
#include "ops/comm/comm_queue.h"

namespace arno::florence {

/// How gradients travel.
struct GradientBucketOptions {
  int64_t bucket_bytes = 4 << 20;  ///< a bucket leaves when it has as many
  /// Each rank gets the sum of its own parts (shard.h) alone, instead of everything.
  bool scatter = false;
};

/// Sums the gradients of parameters over a group while backward goes on: a gradient leaves its
/// variable when it is final, gathers with others in a bucket, and a full bucket goes to the queue.
/// All replicas record the same ops, so their gradients become final in the same order.
class GradientBuckets {
 public:
  /// Hears of the parameters' gradients from now on. The queue outlives the object.
  GradientBuckets(std::vector<Parameter> parameters, ops::CommQueue& queue,
                  GradientBucketOptions options);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// A step's backward begins.
  void begin();
  /// Whether what the tape calls final is: not while further parts of the batch follow.
  void set_last_part(bool last) { last_part_ = last; }
  /// The step's backward is over: waits for all sums and calls deliver(index of the parameter,
  /// sum). The sum has the parameter's shape; of a scattered one it is the rank's full part, flat.
  void finish(const std::function<void(size_t, ops::Tensor)>& deliver);

 private:
  struct Bucket {
    std::vector<size_t> parameters;
    std::vector<ops::Tensor> gradients;  ///< until they are copied
    std::vector<ops::Shape> shapes;
    ops::Tensor sum;
  };

  void hand_over(size_t parameter);
  void send();
  void deliver(const Bucket& bucket, const std::function<void(size_t, ops::Tensor)>& deliver) const;

  std::vector<Parameter> parameters_;
  ops::CommQueue& queue_;
  GradientBucketOptions options_;
  bool under_way_ = false;
  bool last_part_ = true;
  std::vector<char> handed_over_;
  std::shared_ptr<Bucket> open_;
  int64_t open_bytes_ = 0;
  std::vector<std::shared_ptr<Bucket>> sent_;
  std::vector<ops::CommQueue::Ticket> tickets_;
};

}  // namespace arno::florence
