// SPDX-License-Identifier: Apache-2.0
#include "florence/training/trainer_config.h"

namespace arno::florence {

void TrainerConfig::fields(ConfigFields& f) {
  model.fields(f);
  f.integer("micro_batch", micro_batch,
            {.doc = "samples computed at once (GradCache); 0: the whole batch", .min = 0});
  f.number("weight_decay", weight_decay,
           {.doc = "of AdamW, on matrices and kernels", .min = 0, .max = 10});
  f.number("beta1", beta1, {.doc = "of AdamW", .min = 0, .max = 0.9999999});
  f.number("beta2", beta2, {.doc = "of AdamW", .min = 0, .max = 0.9999999});
  f.number("eps", eps, {.doc = "of AdamW", .min = 1e-16, .max = 1});
  f.number("clip_norm", clip_norm, {.doc = "largest gradient norm; 0: no clipping", .min = 0});
  f.integer("zero", zero,
            {.doc = "what is spread over the replicas: 0 nothing, 1 the optimiser's state, 2 the "
                    "gradients too, 3 the parameters too",
             .min = 0,
             .max = 3});
  f.integer("bucket_kib", bucket_kib,
            {.doc = "KiB of gradients that replicas sum at once", .min = 1, .max = 1 << 20});
}

}  // namespace arno::florence
