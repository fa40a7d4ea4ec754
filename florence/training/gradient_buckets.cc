// SPDX-License-Identifier: Apache-2.0
#include "florence/training/gradient_buckets.h"

#include <algorithm>

#include "florence/training/shard.h"

namespace arno::florence {
namespace {

/// Buckets under way at once where whole gradients are not to pile up.
constexpr size_t kInFlight = 2;

ops::Tensor concatenate(const std::vector<ops::Tensor>& tensors) {
  int64_t count = 0;
  for (const ops::Tensor& tensor : tensors) count += tensor.numel();
  ops::Tensor out = ops::Tensor::empty({count}, ops::DType::f32);
  float* to = out.mutable_data<float>().data();
  for (const ops::Tensor& tensor : tensors) {
    to = std::ranges::copy(tensor.data<float>(), to).out;
  }
  return out;
}

}  // namespace

GradientBuckets::GradientBuckets(std::vector<Parameter> parameters, ops::CommQueue& queue,
                                 GradientBucketOptions options)
    : parameters_(std::move(parameters)), queue_(queue), options_(options) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].variable.on_final_grad([this, i] {
      if (under_way_ && last_part_) hand_over(i);
    });
  }
}

GradientBuckets::~GradientBuckets() {
  for (Parameter& parameter : parameters_) parameter.variable.on_final_grad({});
}

void GradientBuckets::begin() {
  under_way_ = true;
  last_part_ = true;
  handed_over_.assign(parameters_.size(), 0);
  open_ = std::make_shared<Bucket>();
  open_bytes_ = 0;
  sent_.clear();
  tickets_.clear();
}

void GradientBuckets::hand_over(size_t parameter) {
  ops::Variable& variable = parameters_[parameter].variable;
  ARNO_CHECK(!handed_over_[parameter], Errc::unsupported,
             "[gradient_buckets] \"{}\" got a gradient after it was handed over: several "
             "checkpointed parts use it",
             parameters_[parameter].name);
  handed_over_[parameter] = 1;
  open_->parameters.push_back(parameter);
  open_->gradients.push_back(variable.grad());
  open_->shapes.push_back(variable.grad().shape());
  open_bytes_ += static_cast<int64_t>(variable.grad().size_bytes());
  variable.clear_grad();
  if (open_bytes_ >= options_.bucket_bytes) send();
}

void GradientBuckets::send() {
  tickets_.push_back(
      queue_.submit([bucket = open_, scatter = options_.scatter](ops::Communicator& group) {
        if (scatter) {
          const ops::Tensor rows = to_rows(bucket->gradients, group.size());
          bucket->gradients.clear();
          bucket->sum = group.reduce_scatter(rows);
        } else {
          bucket->sum = concatenate(bucket->gradients);
          bucket->gradients.clear();
          group.all_reduce(bucket->sum);
        }
      }));
  sent_.push_back(std::exchange(open_, std::make_shared<Bucket>()));
  open_bytes_ = 0;
  if (options_.scatter && tickets_.size() > kInFlight) {
    queue_.wait(tickets_[tickets_.size() - 1 - kInFlight]);
  }
}

void GradientBuckets::finish(const std::function<void(size_t, ops::Tensor)>& deliver) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (!handed_over_[i] && parameters_[i].variable.grad().defined()) hand_over(i);
  }
  if (!open_->parameters.empty()) send();
  under_way_ = false;
  if (!tickets_.empty()) queue_.wait(tickets_.back());
  for (const auto& bucket : std::exchange(sent_, {})) this->deliver(*bucket, deliver);
}

void GradientBuckets::deliver(const Bucket& bucket,
                              const std::function<void(size_t, ops::Tensor)>& deliver) const {
  const ops::Tensor all = bucket.sum.reshape({bucket.sum.numel()});
  const int64_t size = queue_.group().size();
  int64_t start = 0;
  for (size_t i = 0; i < bucket.parameters.size(); ++i) {
    const int64_t count = bucket.shapes[i].numel();
    const int64_t length = options_.scatter ? shard_of(count, 0, size).part : count;
    const ops::Tensor sum = all.narrow(start, length);
    deliver(bucket.parameters[i], options_.scatter ? sum : sum.reshape(bucket.shapes[i]));
    start += length;
  }
}

}  // namespace arno::florence
