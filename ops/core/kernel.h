// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "ops/core/device.h"
#include "ops/core/dtype.h"

namespace arno::ops {

/// While one lives, this thread runs the plain loops only. For tests and for finding out whether
/// a fast kernel is to blame.
class ScopedReferenceKernels {
 public:
  ScopedReferenceKernels();
  ~ScopedReferenceKernels();
  ScopedReferenceKernels(const ScopedReferenceKernels&) = delete;
  ScopedReferenceKernels& operator=(const ScopedReferenceKernels&) = delete;

  static bool active();
};

/// The implementations of one kernel, a slot for each way to run it.
///
/// `reference` is the plain loop over every floating dtype; it always exists. `cpu` is the fast
/// version for f32 and bf16, or null. `cuda` is declared weak in the op's `detail/` header, so
/// that it is null until a `.cu` file that defines it is part of the build.
template <class Fn>
struct KernelSet {
  std::string_view name;
  Fn* reference = nullptr;
  Fn* cpu = nullptr;
  Fn* cuda = nullptr;

  /// The kernel to run. Throws unsupported, naming op, device and dtype, for an empty slot.
  Fn* select(Device device, DType dtype) const {
    if (device.kind == DeviceKind::cuda) {
      ARNO_CHECK(cuda, Errc::unsupported, "[{}] no CUDA kernel for {} in this build", name,
                 to_string(dtype));
      return cuda;
    }
    const bool fast = cpu && dtype != DType::f64 && !ScopedReferenceKernels::active();
    return fast ? cpu : reference;
  }
};

}  // namespace arno::ops
