// SPDX-License-Identifier: Apache-2.0
#include "florence/model/stored_config.h"

namespace arno::florence {

FlorenceConfig read_stored_config(const std::string& model_yaml) {
  FlorenceConfig config;
  ConfigProblems problems;
  RawConfig::from_text(model_yaml, "model in the checkpoint").read(config, problems);
  throw_if_any(problems);
  return config;
}

}  // namespace arno::florence
