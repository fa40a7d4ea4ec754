// SPDX-License-Identifier: Apache-2.0
#include "cli/step_json.h"

#include <nlohmann/json.hpp>

namespace arno::cli {

nlohmann::json step_json(const graph::StepReport& report) {
  return {{"step", report.step},
          {"stage", report.stage},
          {"loss", report.loss},
          {"floor", report.floor},
          {"learning_rate", report.learning_rate},
          {"temperature", report.temperature},
          {"grad_norm", report.grad_norm}};
}

}  // namespace arno::cli
