// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <vector>

#include "ops/comm/detail/peer_link.h"
#include "ops/core/parallel.h"

namespace arno::ops::detail {
namespace {

constexpr int64_t kGrain = 1 << 14;

/// A flat range of elements.
struct Range {
  int64_t begin = 0;
  int64_t length = 0;
};

Tensor flat(const Tensor& tensor) { return tensor.reshape({tensor.numel()}); }

Tensor slice(const Tensor& flat_tensor, Range range) {
  return flat_tensor.narrow(range.begin, range.length);
}

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return {tensor.raw(), tensor.size_bytes()};
}

std::span<std::byte> mutable_bytes_of(Tensor& tensor) {
  return {tensor.mutable_raw(), tensor.size_bytes()};
}

/// sum = terms[0] + terms[1] + ..., in this order. `sum` may be one of the terms.
void add_in_order(const std::vector<Tensor>& terms, Tensor& sum) {
  visit_float(sum.dtype(), [&]<class T>(TypeTag<T>) {
    std::vector<const T*> from;
    for (const Tensor& term : terms) from.push_back(term.data<T>().data());
    T* to = sum.mutable_data<T>().data();
    parallel_for(sum.numel(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        auto total = static_cast<AccumulatorOf<T>>(from[0][i]);
        for (size_t k = 1; k < from.size(); ++k) total += static_cast<AccumulatorOf<T>>(from[k][i]);
        to[i] = static_cast<T>(total);
      }
    });
  });
}

class PeerCommunicator final : public Communicator {
 public:
  PeerCommunicator(std::unique_ptr<PeerLink> link, Membership member)
      : link_(std::move(link)), member_(member) {}

  int64_t rank() const override { return member_.rank; }
  int64_t size() const override { return member_.size; }

  Tensor all_gather(const Tensor& own) override {
    check_on_cpu("all_gather", own);
    ARNO_CHECK(own.rank() >= 1, Errc::shape_mismatch, "[all_gather] found a scalar, expected rows");
    Tensor out = Tensor::empty(own.shape().with(0, own.dim(0) * size()), own.dtype());
    out.narrow(rank() * own.dim(0), own.dim(0)).copy_from(own);
    Tensor all = flat(out);
    share("all_gather", all, equal_parts(all.numel()));
    return out;
  }

  void all_reduce(Tensor& values) override {
    check_on_cpu("all_reduce", values);
    Tensor all = flat(values);
    const std::vector<Range> parts = equal_parts(all.numel());
    Tensor own = slice(all, parts[rank()]);
    sum_own_part("all_reduce", all, parts, own);
    share("all_reduce", all, parts);
  }

  Tensor reduce_scatter(const Tensor& values) override {
    check_on_cpu("reduce_scatter", values);
    ARNO_CHECK(values.rank() >= 1 && values.dim(0) % size() == 0, Errc::shape_mismatch,
               "[reduce_scatter] found shape {}, expected rows that divide into {}",
               values.shape().to_string(), size());
    Tensor out = Tensor::empty(values.shape().with(0, values.dim(0) / size()), values.dtype());
    Tensor own = flat(out);
    sum_own_part("reduce_scatter", flat(values), equal_parts(values.numel()), own);
    return out;
  }

  void broadcast(Tensor& values, int64_t root) override {
    check_on_cpu("broadcast", values);
    ARNO_CHECK(root >= 0 && root < size(), Errc::invalid_argument,
               "[broadcast] root {} is not one of the {} ranks", root, size());
    std::vector<Outgoing> out;
    if (rank() == root) {
      for_each_peer([&](int64_t peer) { out.push_back({peer, bytes_of(values)}); });
      link_->exchange("broadcast", out, {});
    } else {
      const Incoming in{root, mutable_bytes_of(values)};
      link_->exchange("broadcast", {}, {&in, 1});
    }
  }

  void barrier() override {
    Tensor present = Tensor::zeros({size()}, DType::u8);
    share("barrier", present, equal_parts(size()));
  }

  void abort(const std::string& reason) noexcept override { link_->abort(reason); }

 private:
  static void check_on_cpu(std::string_view call, const Tensor& tensor) {
    ARNO_CHECK(tensor.defined(), Errc::invalid_argument, "[{}] found an undefined tensor", call);
    ARNO_CHECK(tensor.device().kind == DeviceKind::cpu, Errc::device_mismatch,
               "[{}] found a tensor on a GPU, expected one on the CPU", call);
  }

  template <class Visit>
  void for_each_peer(Visit visit) const {
    // Each rank begins with its right neighbour, so that not all send to the same one first.
    for (int64_t step = 1; step < size(); ++step) visit((rank() + step) % size());
  }

  std::vector<Range> equal_parts(int64_t count) const {
    std::vector<Range> parts;
    for (int64_t r = 0; r < size(); ++r) {
      const int64_t begin = count * r / size();
      parts.push_back({begin, count * (r + 1) / size() - begin});
    }
    return parts;
  }

  /// Sends this rank's part of `all` to everyone and fills in theirs.
  void share(std::string_view call, Tensor& all, const std::vector<Range>& parts) {
    std::vector<Outgoing> out;
    std::vector<Tensor> theirs;
    std::vector<Incoming> in;
    const Tensor own = slice(all, parts[rank()]);
    for_each_peer([&](int64_t peer) {
      out.push_back({peer, bytes_of(own)});
      in.push_back({peer, mutable_bytes_of(theirs.emplace_back(slice(all, parts[peer])))});
    });
    link_->exchange(call, out, in);
  }

  /// sum = this rank's part of `all`, over all ranks. `sum` may be that part itself.
  void sum_own_part(std::string_view call, const Tensor& all, const std::vector<Range>& parts,
                    Tensor& sum) {
    std::vector<Tensor> terms(size());
    terms[rank()] = slice(all, parts[rank()]);
    std::vector<Outgoing> out;
    std::vector<Incoming> in;
    for_each_peer([&](int64_t peer) {
      terms[peer] = Tensor::empty({parts[rank()].length}, all.dtype());
      out.push_back({peer, bytes_of(slice(all, parts[peer]))});
      in.push_back({peer, mutable_bytes_of(terms[peer])});
    });
    link_->exchange(call, out, in);
    add_in_order(terms, sum);
  }

  std::unique_ptr<PeerLink> link_;
  Membership member_;
};

}  // namespace

void check_membership(std::string_view component, Membership member) {
  ARNO_CHECK(member.size >= 1 && member.rank >= 0 && member.rank < member.size,
             Errc::invalid_argument, "[{}] found rank {} of {}, expected 0 <= rank < size",
             component, member.rank, member.size);
}

std::shared_ptr<Communicator> communicator_over(std::unique_ptr<PeerLink> link, Membership member) {
  return std::make_shared<PeerCommunicator>(std::move(link), member);
}

}  // namespace arno::ops::detail
