// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/model/florence_config.h"

namespace arno::florence {

/// How a shard trains its model.
struct TrainerConfig {
  FlorenceConfig model;
  int64_t micro_batch = 0;  ///< samples that are computed at once; 0: the whole batch
  double weight_decay = 0.2;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-6;
  double clip_norm = 0;  ///< largest gradient norm; 0: no clipping
  /// What is spread over the replicas (DataParallelOptions::zero).
  int64_t zero = 0;
  int64_t bucket_kib = 4096;  ///< KiB of gradients that replicas sum at once

  void fields(ConfigFields& f);
};

}  // namespace arno::florence
