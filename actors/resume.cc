// SPDX-License-Identifier: Apache-2.0
#include "actors/resume.h"

#include "florence/training/checkpoint.h"

namespace arno::actors {

int64_t resume_step(const graph::StageContext& context) {
  if (!context.resume) return 0;
  const auto newest = florence::newest_checkpoint(context.output);
  return newest ? newest->step : 0;
}

}  // namespace arno::actors
