// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "florence/towers/parameter_source.h"
#include "florence/training/gradient_buckets.h"
#include "florence/training/snapshot.h"
#include "ops/optim/adamw.h"

namespace arno::florence {

/// How replicas share gradients and state.
struct DataParallelOptions {
  /// What is spread over the replicas instead of being kept by each (ZeRO, Rajbhandari et al.
  /// 2020): 0 nothing, 1 the optimiser's state, 2 the gradients too, 3 the parameters too.
  int64_t zero = 0;
  int64_t bucket_bytes = 4 << 20;  ///< of gradients or parameters that travel together
};

/// The optimiser of one of N replicas, each of which computes some rows of every batch. Gradients
/// are summed over the replicas while backward goes on, and every replica makes the same step.
/// Alone, or without a group, it is AdamW and nothing else.
///
/// The stages of ZeRO give the parameters of stage 0 bit by bit, as long as no gradient is clipped:
/// stages 2 and 3 sum the gradients' norm in another order. A replica keeps 1/N of each tensor that
/// is spread. In stage 3 a part of the model (FlorenceModel::parts()) is whole only between
/// acquire() and release(); parameters outside of all parts stay whole.
///
/// All replicas make the same calls in the same order. Calls fail as Communicator says; the group's
/// replicas are then no longer equal, and all have to go back to a snapshot.
class DataParallel final : public ParameterSource {
 public:
  /// `group`: null for one alone. `parts`: of the model, for stage 3.
  DataParallel(const ParameterSet& parameters, const std::vector<std::string>& parts,
               ops::AdamWOptions adamw, std::shared_ptr<ops::Communicator> group,
               DataParallelOptions options);

  // A step: backward() of the tape goes between begin_backward() and finish_backward().
  void begin_backward();
  /// Whether gradients are complete when the tape is through with them: not before the last part of
  /// a batch that is computed in parts.
  void set_last_part(bool last);
  /// Waits for the sums. Returns the squared 2-norm of each parameter's gradient of the whole
  /// batch, the same on all; of gradients that are spread, one for all parameters together.
  std::vector<double> finish_backward();
  void step(double learning_rate, double weight_decay, double grad_scale);
  void drop_gradients();
  /// The squared 2-norm of each parameter; of parameters that are spread, one for all together.
  std::vector<double> parameter_squares();

  void acquire(const std::string& part) override;
  void release(const std::string& part) override;
  /// Whether some parameters have values between acquire() and release() only.
  bool spreads_parameters() const { return options_.zero == 3; }

  /// The whole state, under the names and in the shapes of one alone.
  std::vector<NamedTensor> optimizer_state();
  /// Takes the state, and the parameters' values, which have all been acquired. Throws
  /// data_corrupt.
  void restore(const std::vector<NamedTensor>& optimizer_state);
  /// These parameters, which have been acquired, have new shapes: their state begins anew.
  void reset(const std::vector<std::string>& names);

  /// Since the start.
  ops::CommTimes comm_times() const;

 private:
  /// A parameter and what this replica keeps of it.
  struct Entry {
    Parameter parameter;
    ops::Shape shape;
    ops::Variable shard;  ///< what the optimiser updates; the parameter itself in stage 0
    bool spread = false;  ///< has a value only while it is acquired
    int64_t users = 0;
  };

  std::vector<Entry> make_entries(const ParameterSet& parameters,
                                  const std::vector<std::string>& parts) const;
  std::vector<ops::AdamWSlot> whole_slots() const;
  std::vector<ops::AdamWSlot> own_slots() const;
  ops::Tensor shard_value(const Entry& entry) const;
  const std::vector<size_t>& entries_of(const std::string& part);
  void gather(const std::vector<size_t>& entries);
  ops::Tensor gather_state(const Entry& entry, const ops::Tensor& own);
  std::vector<double> square_over_ranks(double own_norm);

  int64_t rank_;
  int64_t size_;
  DataParallelOptions options_;
  std::vector<Entry> entries_;
  ops::AdamW optimizer_;
  std::map<std::string, std::vector<size_t>> spread_parts_;  ///< entries by part; "": all
  std::optional<ops::CommQueue> queue_;                      ///< none for one alone
  std::optional<GradientBuckets> buckets_;
};

}  // namespace arno::florence
