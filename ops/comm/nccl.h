// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ops/comm/communicator.h"
#include "ops/comm/store.h"

namespace arno::ops {

/// A member of a group of GPUs (NCCL).
struct NcclOptions {
  int64_t rank = 0;
  int64_t size = 1;
  int gpu = 0;         ///< index of this member's GPU
  std::string prefix;  ///< of the group's keys in the store
  CommOptions comm;
};

/// Joins a group over NCCL; every member does it at the same time with an equal store. Tensors on
/// the CPU are copied to the GPU and back. Sums are made in NCCL's order: the same on every rank,
/// and the same again on the same GPUs and links, but not rank order.
///
/// Exists in the library arno::nccl, which is built where CMake finds CUDA and NCCL. It has been
/// compiled and linked, but has never run on a GPU.
std::shared_ptr<Communicator> nccl_communicator(Store& store, const NcclOptions& options);

/// GPUs that this machine offers; 0 without a driver.
int64_t nccl_gpu_count();

}  // namespace arno::ops
