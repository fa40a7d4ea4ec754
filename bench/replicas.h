// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "florence/training/trainer.h"
#include "ops/comm/communicator.h"

// Replicas of a nano model for the benchmarks of their exchange.
namespace arno::bench {

/// What is run.
struct ReplicaOptions {
  std::string group = "local";
  int64_t replicas = 2;
  int64_t batch = 128;
  int64_t resolution = 64;
  int64_t steps = 5;
  int64_t rounds = 15;
  int64_t zero = 0;
  bool spare_core = false;
};

florence::TrainerConfig trainer_config(const ReplicaOptions& o);
florence::TrainingConfig schedule(const ReplicaOptions& o);
/// Noise with a text for each image.
florence::TrainingBatch make_batch(const ReplicaOptions& o);

/// Of a clock without a meaning.
double seconds_now();

/// A sum that was asked for.
struct AskedSum {
  double at_s = 0;
  int64_t bytes = 0;
};

/// A member that exchanges nothing: what a step takes without communication.
class SilentMember final : public ops::Communicator {
 public:
  SilentMember(int64_t rank, int64_t size) : rank_(rank), size_(size) {}
  int64_t rank() const override { return rank_; }
  int64_t size() const override { return size_; }
  ops::Tensor all_gather(const ops::Tensor& own) override {
    return ops::Tensor::zeros(own.shape().with(0, own.dim(0) * size_), own.dtype());
  }
  void all_reduce(ops::Tensor& values) override {
    sums_.push_back({seconds_now(), static_cast<int64_t>(values.size_bytes())});
  }
  ops::Tensor reduce_scatter(const ops::Tensor& values) override {
    return values.narrow(0, values.dim(0) / size_);
  }
  void broadcast(ops::Tensor&, int64_t) override {}
  void barrier() override {}
  void abort(const std::string&) noexcept override {}

  /// Used while no sum is under way.
  const std::vector<AskedSum>& sums() const { return sums_; }

 private:
  int64_t rank_;
  int64_t size_;
  std::vector<AskedSum> sums_;
};

using Group = std::vector<std::shared_ptr<ops::Communicator>>;

/// The members of a group: local, gloo, tls, or none, which exchange nothing.
Group make_group(const std::string& kind, int64_t size);

/// Replicas that keep their state between calls of run().
class Replicas {
 public:
  /// `kind`: what their members are.
  Replicas(const ReplicaOptions& o, const std::string& kind);

  /// Seconds of each step, as the first replica sees them. What the loss needs is exchanged always.
  std::vector<double> run(int64_t steps);
  /// The share of the exchange for which computation did not wait.
  double not_waited_for() const { return 1 - waited_s_ / exchange_s_; }
  int64_t gradient_bytes() const;

 private:
  ReplicaOptions options_;
  florence::TrainingBatch batch_;
  Group loss_group_;
  std::vector<std::unique_ptr<florence::Trainer>> trainers_;
  double exchange_s_ = 0;
  double waited_s_ = 0;
};

}  // namespace arno::bench
