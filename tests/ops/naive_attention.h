// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "common/error.h"
#include "ops/core/op_def.h"

// What the tests of the attention ops have in common.
namespace arno::ops {

/// Attention of one head as it is written in papers, in double. q, k, v: [n][d]. `added(i, j)`
/// goes onto the scores.
inline std::vector<std::vector<double>> naive_attention(
    const std::vector<std::vector<double>>& q, const std::vector<std::vector<double>>& k,
    const std::vector<std::vector<double>>& v, const std::function<double(size_t, size_t)>& added) {
  const size_t n = q.size(), d = q.front().size();
  std::vector<std::vector<double>> y(n, std::vector<double>(d));
  for (size_t i = 0; i < n; ++i) {
    std::vector<double> p(n);
    double sum = 0;
    for (size_t j = 0; j < n; ++j) {
      double score = 0;
      for (size_t c = 0; c < d; ++c) score += q[i][c] * k[j][c];
      sum += p[j] = std::exp(score / std::sqrt(static_cast<double>(d)) + added(i, j));
    }
    for (size_t j = 0; j < n; ++j) {
      for (size_t c = 0; c < d; ++c) y[i][c] += p[j] / sum * v[j][c];
    }
  }
  return y;
}

/// Standard normal values, rounded so that every floating dtype holds them exactly.
inline Tensor exact_normal(const Shape& shape, uint64_t key, double scale = 1) {
  Random random{RandomKey(key)};
  return random_normal(shape, random, scale).to(DType::bf16).to(DType::f64);
}

/// Largest |found - expected|; infinite where found is no number.
inline double largest_distance(const Tensor& found, const Tensor& expected) {
  const Tensor wide = found.to(DType::f64), wanted = expected.to(DType::f64);
  double worst = 0;
  for (int64_t i = 0; i < wide.numel(); ++i) {
    const double error = std::abs(wide.data<double>()[i] - wanted.data<double>()[i]);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

/// Code and text of the error that body throws.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return fmt::format("{}: {}", to_string(error.code()), error.what());
  }
  return "no error";
}

}  // namespace arno::ops
