// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace arno {

/// "1.2.3": of this build. Processes of one job have to agree on it.
const char* version();

}  // namespace arno
