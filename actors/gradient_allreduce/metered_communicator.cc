// SPDX-License-Identifier: Apache-2.0
#include "actors/gradient_allreduce/metered_communicator.h"

#include "common/stop_watch.h"

namespace arno::actors {
namespace {

class MeteredCommunicator final : public ops::Communicator {
 public:
  MeteredCommunicator(std::shared_ptr<ops::Communicator> member, CommMetrics metrics)
      : member_(std::move(member)), metrics_(metrics) {}

  int64_t rank() const override { return member_->rank(); }
  int64_t size() const override { return member_->size(); }

  ops::Tensor all_gather(const ops::Tensor& own) override {
    const Counted call(metrics_, own.size_bytes());
    return member_->all_gather(own);
  }
  void all_reduce(ops::Tensor& values) override {
    const Counted call(metrics_, values.size_bytes());
    member_->all_reduce(values);
  }
  ops::Tensor reduce_scatter(const ops::Tensor& values) override {
    const Counted call(metrics_, values.size_bytes());
    return member_->reduce_scatter(values);
  }
  void broadcast(ops::Tensor& values, int64_t root) override {
    const Counted call(metrics_, values.size_bytes());
    member_->broadcast(values, root);
  }
  void barrier() override {
    const Counted call(metrics_, 0);
    member_->barrier();
  }
  void abort(const std::string& reason) noexcept override { member_->abort(reason); }

 private:
  /// Counts a call, also one that fails.
  class Counted {
   public:
    Counted(CommMetrics& metrics, size_t bytes) : metrics_(metrics) {
      metrics_.calls.add();
      metrics_.bytes.add(static_cast<double>(bytes));
    }
    ~Counted() { metrics_.seconds.add(watch_.lap()); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

   private:
    CommMetrics& metrics_;
    StopWatch watch_;
  };

  std::shared_ptr<ops::Communicator> member_;
  CommMetrics metrics_;
};

}  // namespace

std::shared_ptr<ops::Communicator> metered(std::shared_ptr<ops::Communicator> member,
                                           CommMetrics metrics) {
  return std::make_shared<MeteredCommunicator>(std::move(member), metrics);
}

}  // namespace arno::actors
