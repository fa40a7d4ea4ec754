// SPDX-License-Identifier: Apache-2.0
#include "io/image/detail/filter_table.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "io/image/detail/vectors.h"

namespace arno::io::detail {
namespace {

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys 1981, equation 15 with a = -0.5.
double keys(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((x - 5) * x + 8) * a * x - 4 * a;
  return 0;
}

// Rounds to units; what rounding adds or loses goes to the largest, so that gray stays gray.
void round_weights(std::span<const float> weights, int16_t* out) {
  int sum = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    out[k] = static_cast<int16_t>(std::floor(weights[k] / kWeightUnit + 0.5f));
    sum += out[k];
  }
  *std::max_element(out, out + weights.size()) += static_cast<int16_t>(1 / kWeightUnit) - sum;
}

}  // namespace

FilterTable make_filter_table(const AxisPart& part, Interpolation interpolation) {
  const bool cubic = interpolation == Interpolation::kBicubic;
  const double scale = part.length / part.out;
  const double stretch = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * stretch;
  FilterTable table;
  table.begin = std::clamp(static_cast<int>(std::floor(part.start)), 0, part.limit - 1);
  table.end = std::clamp(static_cast<int>(std::ceil(part.start + part.length)), table.begin + 1,
                         part.limit);
  // The support covers at most this many centres of pixels.
  table.count = std::min(table.end - table.begin, static_cast<int>(std::floor(2 * support)) + 1);
  table.first.reserve(static_cast<size_t>(part.out));
  table.weights.reserve(static_cast<size_t>(part.out) * static_cast<size_t>(table.count));
  std::vector<double> row(static_cast<size_t>(table.count));
  for (int i = 0; i < part.out; ++i) {
    const double center = part.start + (i + 0.5) * scale;
    const int first = std::clamp(static_cast<int>(std::ceil(center - support - 0.5)), table.begin,
                                 table.end - table.count);
    double sum = 0;
    for (int k = 0; k < table.count; ++k) {
      const double x = (first + k + 0.5 - center) / stretch;
      row[k] = cubic ? keys(x) : triangle(x);
      sum += row[k];
    }
    table.first.push_back(first);
    for (double weight : row) table.weights.push_back(static_cast<float>(weight / sum));
  }
  return table;
}

PairTable make_pair_table(const FilterTable& table) {
  PairTable pairs;
  // One more where a position starts at the second of a pair.
  pairs.count = table.count / 2 + 1;
  pairs.first.reserve(table.first.size());
  pairs.weights.reserve(table.first.size() * static_cast<size_t>(pairs.count));
  std::vector<int16_t> row(static_cast<size_t>(2 * pairs.count));
  for (size_t i = 0; i < table.first.size(); ++i) {
    const int first = table.first[i] - table.begin;
    std::ranges::fill(row, int16_t{0});
    round_weights({table.weights_of(static_cast<int>(i)), static_cast<size_t>(table.count)},
                  row.data() + first % 2);
    pairs.first.push_back(first / 2);
    for (size_t k = 0; k < row.size(); k += 2) {
      pairs.weights.push_back(pair_of(row[k], row[k + 1]));
    }
  }
  return pairs;
}

}  // namespace arno::io::detail
