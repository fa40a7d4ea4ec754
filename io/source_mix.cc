// SPDX-License-Identifier: Apache-2.0
#include "io/source_mix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "io/epoch_order.h"

namespace arno::io {
namespace {

/// Shares of a cycle by largest remainders, none of a positive weight empty.
std::vector<uint64_t> apportion(const std::vector<double>& weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<uint64_t> counts;
  std::vector<std::pair<double, size_t>> remainders;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double exact = weights[i] / total * static_cast<double>(SourceMix::kCycle);
    counts.push_back(static_cast<uint64_t>(exact));
    if (weights[i] > 0 && counts[i] == 0) counts[i] = 1;
    remainders.emplace_back(exact - static_cast<double>(counts[i]), i);
  }
  std::ranges::sort(remainders, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  uint64_t given = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  for (size_t i = 0; given < SourceMix::kCycle; i = (i + 1) % remainders.size()) {
    if (weights[remainders[i].second] <= 0) continue;
    ++counts[remainders[i].second];
    ++given;
  }
  for (; given > SourceMix::kCycle; --given) --*std::ranges::max_element(counts);
  return counts;
}

}  // namespace

SourceMix::SourceMix(const std::vector<double>& weights, RandomKey key) {
  const bool valid = std::ranges::all_of(weights, [](double w) { return w >= 0 && w < 1e300; }) &&
                     std::ranges::any_of(weights, [](double w) { return w > 0; });
  ARNO_CHECK(valid && weights.size() <= kCycle / 2, Errc::invalid_argument,
             "[source_mix] expected up to {} weights >= 0, one of them > 0", kCycle / 2);
  counts_ = apportion(weights);
  source_.resize(kCycle);
  rank_.resize(kCycle);
  const Permutation shuffled(kCycle, key);
  uint64_t dealt = 0;
  for (uint32_t source = 0; source < counts_.size(); ++source) {
    for (uint64_t i = 0; i < counts_[source]; ++i) source_[shuffled(dealt++)] = source;
  }
  std::vector<uint32_t> seen(counts_.size());
  for (uint64_t place = 0; place < kCycle; ++place) rank_[place] = seen[source_[place]]++;
}

SourceMix::Place SourceMix::at(uint64_t slot) const {
  const uint64_t place = slot % kCycle;
  const uint32_t source = source_[place];
  return {.source = source, .position = slot / kCycle * counts_[source] + rank_[place]};
}

uint64_t SourceMix::count_before(uint64_t slots, uint32_t source) const {
  const auto part = source_.begin() + static_cast<std::ptrdiff_t>(slots % kCycle);
  return slots / kCycle * counts_[source] +
         static_cast<uint64_t>(std::count(source_.begin(), part, source));
}

}  // namespace arno::io
