// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/nccl.h"

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "ops/comm/detail/peer_link.h"

namespace arno::ops {
namespace {

using Clock = std::chrono::steady_clock;

void check(cudaError_t status, std::string_view what) {
  ARNO_CHECK(status == cudaSuccess, Errc::cuda_failed, "[nccl] {}: {}", what,
             cudaGetErrorString(status));
}

void check(ncclResult_t status, std::string_view what) {
  ARNO_CHECK(status == ncclSuccess, Errc::comm_failed, "[nccl] {}: {}", what,
             ncclGetErrorString(status));
}

ncclDataType_t nccl_type(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return ncclFloat64;
    case DType::f32:
      return ncclFloat32;
    case DType::bf16:
      return ncclBfloat16;
    case DType::i64:
      return ncclInt64;
    case DType::i32:
      return ncclInt32;
    case DType::u8:
      return ncclUint8;
  }
  fail(Errc::dtype_mismatch, "[nccl] found an unknown dtype");
}

/// Memory on the GPU that grows to what was asked for.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() { cudaFree(memory_); }

  void* of_size(size_t bytes) {
    if (bytes <= size_) return memory_;
    cudaFree(std::exchange(memory_, nullptr));
    size_ = 0;
    check(cudaMalloc(&memory_, bytes), "cudaMalloc");
    size_ = bytes;
    return memory_;
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

class NcclCommunicator final : public Communicator {
 public:
  NcclCommunicator(Store& store, const NcclOptions& options) : options_(options) {
    check(cudaSetDevice(options.gpu), "cudaSetDevice");
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    const ncclUniqueId id = exchange_id(store);
    check(ncclCommInitRank(&comm_, static_cast<int>(options.size), id,
                           static_cast<int>(options.rank)),
          "ncclCommInitRank");
  }

  ~NcclCommunicator() override {
    if (comm_) ncclCommAbort(comm_);
    if (stream_) cudaStreamDestroy(stream_);
  }

  int64_t rank() const override { return options_.rank; }
  int64_t size() const override { return options_.size; }

  Tensor all_gather(const Tensor& own) override {
    ARNO_CHECK(own.rank() >= 1, Errc::shape_mismatch, "[all_gather] found a scalar, expected rows");
    Tensor out = Tensor::empty(own.shape().with(0, own.dim(0) * size()), own.dtype(), own.device());
    run("all_gather", own, out, [&](const void* from, void* to) {
      return ncclAllGather(from, to, own.numel(), nccl_type(own.dtype()), comm_, stream_);
    });
    return out;
  }

  void all_reduce(Tensor& values) override {
    run("all_reduce", values, values, [&](const void* from, void* to) {
      return ncclAllReduce(from, to, values.numel(), nccl_type(values.dtype()), ncclSum, comm_,
                           stream_);
    });
  }

  Tensor reduce_scatter(const Tensor& values) override {
    ARNO_CHECK(values.rank() >= 1 && values.dim(0) % size() == 0, Errc::shape_mismatch,
               "[reduce_scatter] found shape {}, expected rows that divide into {}",
               values.shape().to_string(), size());
    Tensor out = Tensor::empty(values.shape().with(0, values.dim(0) / size()), values.dtype(),
                               values.device());
    run("reduce_scatter", values, out, [&](const void* from, void* to) {
      return ncclReduceScatter(from, to, out.numel(), nccl_type(out.dtype()), ncclSum, comm_,
                               stream_);
    });
    return out;
  }

  void broadcast(Tensor& values, int64_t root) override {
    run("broadcast", values, values, [&](const void* from, void* to) {
      return ncclBroadcast(from, to, values.numel(), nccl_type(values.dtype()),
                           static_cast<int>(root), comm_, stream_);
    });
  }

  void barrier() override {
    Tensor present = Tensor::zeros({1}, DType::f32);
    all_reduce(present);
  }

  void abort(const std::string& reason) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (failure_.empty()) {
      failure_ = fmt::format("[comm] rank {} of {} ended: {}", rank(), size(), reason);
    }
  }

 private:
  /// Rank 0 makes the id of the group and leaves it in the store.
  ncclUniqueId exchange_id(Store& store) const {
    const std::string key = options_.prefix + "nccl_id";
    ncclUniqueId id{};
    if (options_.rank == 0) {
      check(ncclGetUniqueId(&id), "ncclGetUniqueId");
      store.put(key, std::vector<char>(id.internal, id.internal + sizeof(id.internal)));
      return id;
    }
    const auto value = store.get(key, std::chrono::milliseconds(options_.comm.deadline_ms));
    ARNO_CHECK(value && value->size() == sizeof(id.internal), Errc::comm_failed,
               "[nccl] rank 0 of {} did not come within {} ms", size(), options_.comm.deadline_ms);
    std::memcpy(id.internal, value->data(), sizeof(id.internal));
    return id;
  }

  /// Brings `in` to the GPU unless it is there, calls launch(from, to) and waits.
  template <class Launch>
  void run(std::string_view call, const Tensor& in, Tensor& out, Launch launch) {
    check_failure();
    check(cudaSetDevice(options_.gpu), call);
    const bool staged = in.device().kind == DeviceKind::cpu;
    const void* from = in.raw();
    void* to = out.mutable_raw();
    if (staged) {
      void* copy = in_.of_size(in.size_bytes());
      check(cudaMemcpyAsync(copy, from, in.size_bytes(), cudaMemcpyHostToDevice, stream_), call);
      from = copy;
      to = in.shares_with(out) ? copy : out_.of_size(out.size_bytes());
    }
    check(launch(from, to), call);
    if (staged) {
      check(
          cudaMemcpyAsync(out.mutable_raw(), to, out.size_bytes(), cudaMemcpyDeviceToHost, stream_),
          call);
    }
    wait(call);
  }

  /// NCCL reports neither silent nor lost peers by itself.
  void wait(std::string_view call) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(options_.comm.deadline_ms);
    for (;;) {
      const cudaError_t state = cudaStreamQuery(stream_);
      if (state == cudaSuccess) return;
      if (state != cudaErrorNotReady) check(state, call);
      ncclResult_t error = ncclSuccess;
      check(ncclCommGetAsyncError(comm_, &error), call);
      check(error, call);
      if (Clock::now() >= deadline) {
        abort(fmt::format("a peer was silent for {} ms in {}", options_.comm.deadline_ms, call));
      }
      check_failure();
      std::this_thread::yield();
    }
  }

  void check_failure() {
    const std::scoped_lock lock(mutex_);
    if (failure_.empty()) return;
    if (comm_) ncclCommAbort(std::exchange(comm_, nullptr));
    throw Error(Errc::comm_failed, failure_);
  }

  NcclOptions options_;
  cudaStream_t stream_ = nullptr;
  ncclComm_t comm_ = nullptr;
  DeviceBuffer in_;
  DeviceBuffer out_;
  std::mutex mutex_;
  std::string failure_;  ///< empty while the group works
};

}  // namespace

std::shared_ptr<Communicator> nccl_communicator(Store& store, const NcclOptions& options) {
  detail::check_membership("nccl", {.rank = options.rank, .size = options.size});
  return std::make_shared<NcclCommunicator>(store, options);
}

int64_t nccl_gpu_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

}  // namespace arno::ops
