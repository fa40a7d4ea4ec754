// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/model/florence_config.h"

namespace arno::florence {

/// The configuration that a snapshot carries as text. Throws config_invalid with every problem.
FlorenceConfig read_stored_config(const std::string& model_yaml);

}  // namespace arno::florence
