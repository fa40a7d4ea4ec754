// SPDX-License-Identifier: Apache-2.0
#include "common/version.h"

namespace arno {

const char* version() { return ARNO_VERSION; }

}  // namespace arno
