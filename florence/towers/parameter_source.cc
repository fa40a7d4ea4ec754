// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/parameter_source.h"

namespace arno::florence {

ops::Variable run_part(const PartOptions& options, const std::string& part,
                       const std::function<ops::Variable(const ops::Variable&)>& body,
                       const ops::Variable& input) {
  if (!options.source) return options.checkpointed ? ops::checkpoint(body, input) : body(input);
  return ops::checkpoint(
      [source = options.source, part, body](const ops::Variable& x) {
        const AcquiredPart acquired(source, part);
        return body(x);
      },
      input);
}

}  // namespace arno::florence
