// SPDX-License-Identifier: Apache-2.0
#include "florence/training/data_parallel.h"

#include <algorithm>
#include <cmath>

#include "florence/training/shard.h"

namespace arno::florence {

DataParallel::DataParallel(const ParameterSet& parameters, const std::vector<std::string>& parts,
                           ops::AdamWOptions adamw, std::shared_ptr<ops::Communicator> group,
                           DataParallelOptions options)
    : rank_(group ? group->rank() : 0),
      size_(group ? group->size() : 1),
      options_{.zero = size_ > 1 ? options.zero : 0, .bucket_bytes = options.bucket_bytes},
      entries_(make_entries(parameters, parts)),
      optimizer_(own_slots(), adamw) {
  ARNO_CHECK(options.zero >= 0 && options.zero <= 3, Errc::invalid_argument,
             "[data_parallel] found zero {}, expected 0 to 3", options.zero);
  if (size_ == 1) return;
  queue_.emplace(std::move(group));
  buckets_.emplace(
      parameters.all(), *queue_,
      GradientBucketOptions{.bucket_bytes = options_.bucket_bytes, .scatter = options_.zero >= 2});
  for (Entry& entry : entries_) {
    if (entry.spread) entry.parameter.variable.mutable_value() = {};
  }
}

std::vector<DataParallel::Entry> DataParallel::make_entries(
    const ParameterSet& parameters, const std::vector<std::string>& parts) const {
  std::vector<Entry> entries;
  for (const Parameter& parameter : parameters.all()) {
    Entry entry{
        .parameter = parameter, .shape = parameter.variable.shape(), .shard = parameter.variable};
    entry.spread = options_.zero == 3 && std::ranges::any_of(parts, [&](const std::string& part) {
                     return parameter.name.starts_with(part);
                   });
    if (options_.zero >= 1) entry.shard = ops::Variable(shard_value(entry), true);
    entries.push_back(std::move(entry));
  }
  return entries;
}

ops::Tensor DataParallel::shard_value(const Entry& entry) const {
  const ops::Tensor part = own_part(entry.parameter.variable.value(), rank_, size_);
  return entry.spread ? part.clone() : part;
}

std::vector<ops::AdamWSlot> DataParallel::whole_slots() const {
  std::vector<ops::AdamWSlot> slots;
  for (const auto& [parameter, shape, shard, spread, users] : entries_) {
    slots.push_back({parameter.name, parameter.variable, parameter.decay});
  }
  return slots;
}

std::vector<ops::AdamWSlot> DataParallel::own_slots() const {
  std::vector<ops::AdamWSlot> slots = whole_slots();
  for (size_t i = 0; i < slots.size(); ++i) slots[i].variable = entries_[i].shard;
  return slots;
}

void DataParallel::begin_backward() {
  if (buckets_) buckets_->begin();
}

void DataParallel::set_last_part(bool last) {
  if (buckets_) buckets_->set_last_part(last);
}

std::vector<double> DataParallel::finish_backward() {
  if (!buckets_) return ops::squared_grad_norms(optimizer_.slots());
  buckets_->finish([&](size_t index, const ops::Tensor& sum) {
    Entry& entry = entries_[index];
    if (options_.zero >= 2) {
      entry.shard.set_grad(sum.narrow(0, entry.shard.shape()[0]));
      return;
    }
    entry.parameter.variable.set_grad(sum);
    if (options_.zero == 1) entry.shard.set_grad(own_part(sum, rank_, size_));
  });
  if (options_.zero >= 2) return square_over_ranks(ops::global_grad_norm(optimizer_.slots()));
  return ops::squared_grad_norms(whole_slots());
}

std::vector<double> DataParallel::square_over_ranks(double own_norm) {
  ops::Tensor square = ops::Tensor::full({1}, ops::DType::f64, own_norm * own_norm);
  queue_->wait(queue_->submit([&](ops::Communicator& group) { group.all_reduce(square); }));
  return {square.data<double>()[0]};
}

void DataParallel::step(double learning_rate, double weight_decay, double grad_scale) {
  optimizer_.step(learning_rate, weight_decay, grad_scale);
  drop_gradients();
  if (options_.zero == 0) return;
  std::vector<size_t> whole;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].spread) whole.push_back(i);
  }
  gather(whole);
}

void DataParallel::drop_gradients() {
  for (Entry& entry : entries_) {
    entry.parameter.variable.clear_grad();
    entry.shard.clear_grad();
  }
}

std::vector<double> DataParallel::parameter_squares() {
  if (options_.zero == 3) return square_over_ranks(ops::global_parameter_norm(optimizer_.slots()));
  return ops::squared_parameter_norms(whole_slots());
}

const std::vector<size_t>& DataParallel::entries_of(const std::string& part) {
  const auto [found, fresh] = spread_parts_.try_emplace(part);
  if (!fresh) return found->second;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].spread && entries_[i].parameter.name.starts_with(part)) {
      found->second.push_back(i);
    }
  }
  return found->second;
}

void DataParallel::acquire(const std::string& part) {
  std::vector<size_t> missing;
  for (const size_t index : entries_of(part)) {
    Entry& entry = entries_[index];
    if (entry.users++ > 0) continue;
    entry.parameter.variable.mutable_value() = ops::Tensor::empty(entry.shape, ops::DType::f32);
    missing.push_back(index);
  }
  gather(missing);
}

void DataParallel::release(const std::string& part) {
  for (const size_t index : entries_of(part)) {
    Entry& entry = entries_[index];
    if (--entry.users == 0) entry.parameter.variable.mutable_value() = {};
  }
}

/// Fills the values of the entries from the shards of all replicas.
void DataParallel::gather(const std::vector<size_t>& entries) {
  std::vector<ops::Tensor> own;
  std::vector<ops::Tensor> wholes;
  std::vector<int64_t> counts;
  int64_t bytes = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries_[entries[i]];
    own.push_back(entry.shard.value());
    wholes.push_back(entry.parameter.variable.mutable_value());
    counts.push_back(entry.shape.numel());
    bytes += static_cast<int64_t>(wholes.back().size_bytes());
    if (bytes < options_.bucket_bytes && i + 1 < entries.size()) continue;
    const ops::Tensor row = to_own_row(own, counts, size_);
    ops::Tensor rows;
    queue_->wait(queue_->submit([&](ops::Communicator& group) { rows = group.all_gather(row); }));
    from_rows(rows, wholes);
    own.clear();
    wholes.clear();
    counts.clear();
    bytes = 0;
  }
}

ops::Tensor DataParallel::gather_state(const Entry& entry, const ops::Tensor& own) {
  if (options_.zero == 0) return own.clone();
  const int64_t count = entry.shape.numel();
  const ops::Tensor row = to_own_row({&own, 1}, {&count, 1}, size_);
  ops::Tensor rows;
  queue_->wait(queue_->submit([&](ops::Communicator& group) { rows = group.all_gather(row); }));
  ops::Tensor whole = ops::Tensor::empty(entry.shape, ops::DType::f32);
  from_rows(rows, {&whole, 1});
  return whole;
}

std::vector<NamedTensor> DataParallel::optimizer_state() {
  const std::vector<ops::NamedState> states = optimizer_.states();
  const size_t each = states.size() / entries_.size();
  std::vector<NamedTensor> out;
  for (size_t i = 0; i < states.size(); ++i) {
    const auto& [name, value] = states[i];
    const bool spread = value.dtype() == ops::DType::f32;  // steps are the same on all
    out.push_back({name, spread ? gather_state(entries_[i / each], value) : value.clone()});
  }
  return out;
}

void DataParallel::restore(const std::vector<NamedTensor>& optimizer_state) {
  std::vector<ops::NamedState> states = optimizer_.states();
  const size_t each = states.size() / entries_.size();
  for (size_t i = 0; i < states.size(); ++i) {
    auto& [name, value] = states[i];
    if (options_.zero == 0 || value.dtype() != ops::DType::f32) {
      copy_checked(optimizer_state, name, value);
      continue;
    }
    ops::Tensor whole = ops::Tensor::empty(entries_[i / each].shape, ops::DType::f32);
    copy_checked(optimizer_state, name, whole);
    value.copy_from(own_part(whole, rank_, size_));
  }
  for (Entry& entry : entries_) {
    if (entry.spread) entry.shard.mutable_value() = shard_value(entry);
  }
}

void DataParallel::reset(const std::vector<std::string>& names) {
  for (Entry& entry : entries_) {
    if (std::ranges::find(names, entry.parameter.name) == names.end()) continue;
    entry.shape = entry.parameter.variable.shape();
    if (options_.zero >= 1) entry.shard.assign(shard_value(entry));
    optimizer_.reset_state(entry.parameter.name);
  }
}

ops::CommTimes DataParallel::comm_times() const {
  return queue_ ? queue_->times() : ops::CommTimes{};
}

}  // namespace arno::florence
