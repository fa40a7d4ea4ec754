// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/image/detail/byte_view.h"
#include "io/image/probe.h"

namespace arno::io::detail {

/// Each reads the header of its format; the magic has matched already.
ProbeResult probe_jpeg(ByteView view);
ProbeResult probe_png(ByteView view);
ProbeResult probe_webp(ByteView view);

/// The orientation in a TIFF block as EXIF holds it (EXIF 2.3, 4.6.2); 1 if there is no valid one.
int exif_orientation(ByteView tiff);

/// A result without info.
ProbeResult probe_fault(FaultCause cause, std::string text);

}  // namespace arno::io::detail
