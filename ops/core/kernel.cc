// SPDX-License-Identifier: Apache-2.0
#include "ops/core/kernel.h"

namespace arno::ops {
namespace {

thread_local int reference_depth = 0;

}  // namespace

ScopedReferenceKernels::ScopedReferenceKernels() { ++reference_depth; }
ScopedReferenceKernels::~ScopedReferenceKernels() { --reference_depth; }
bool ScopedReferenceKernels::active() { return reference_depth > 0; }

}  // namespace arno::ops
