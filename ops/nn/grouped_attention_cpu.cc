// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "ops/core/detail/simd_math.h"
#include "ops/core/parallel.h"
#include "ops/nn/detail/grouped_attention.h"
#include "ops/nn/detail/tile_gemm.h"

// One head of one group at a time is converted into f32 tiles that stay in the first-level cache;
// neither scores nor permuted copies ever reach memory. Scores and probabilities are transposed, a
// row for each key, a column for each query: maxima and sums over keys then run down the columns, a
// query in each vector lane, without steps across lanes. Columns beyond the last query hold numbers
// that nothing reads.
namespace arno::ops::cpu {
namespace {

using detail::padded_to_lanes;
using detail::tile_gemm;

/// Scratch for one head of a group of at most `tokens` tokens.
class Tiles {
 public:
  Tiles(int64_t tokens, int64_t d)
      : n_capacity_(padded_to_lanes(tokens)), d_(d), dp_(padded_to_lanes(d)) {
    const int64_t square = n_capacity_ * n_capacity_;
    const int64_t tall = n_capacity_ * dp_;
    const int64_t size = 9 * tall + 2 * square + 2 * n_capacity_;
    storage_ = allocator({}).allocate(size * sizeof(float));
    auto* next = reinterpret_cast<float*>(storage_.get());
    std::fill_n(next, size, 0.0F);
    for (float** tile : {&q, &k, &v, &qt, &gt, &g, &out_q, &out_k, &out_v}) {
      *tile = next;
      next += tall;
    }
    p = next;
    s = next + square;
    max = next + 2 * square;
    sum = max + n_capacity_;
  }

  void set_tokens(int64_t n) {
    n_ = n;
    np_ = padded_to_lanes(n);
  }
  int64_t n() const { return n_; }
  int64_t np() const { return np_; }  ///< row length of square tiles
  int64_t d() const { return d_; }
  int64_t dp() const { return dp_; }  ///< row length of tall tiles

  float *q, *k, *v;              ///< [n, dp]; q is scaled
  float *qt, *gt;                ///< transposes, [dp, np]
  float* g;                      ///< gradient of y, [n, dp]
  float *out_q, *out_k, *out_v;  ///< results, [n, dp]
  float* p;                      ///< transposed probabilities, [n, np]
  float* s;                      ///< transposed scores, then their gradients, [n, np]
  float *max, *sum;              ///< of each query, [np]

 private:
  int64_t n_capacity_, d_, dp_;
  int64_t n_ = 0, np_ = 0;
  Block storage_;
};

/// Where a head of a group lies.
struct Place {
  const detail::GroupedAttention& a;
  int64_t head;
  int64_t first;   ///< of the group's rows
  int64_t tokens;  ///< of the group
  const int32_t* rows;

  Place(const detail::GroupedAttention& attention, int64_t group, int64_t head)
      : a(attention),
        head(head),
        first(attention.offsets.data<int32_t>()[group]),
        tokens(attention.offsets.data<int32_t>()[group + 1] - first),
        rows(attention.rows.data<int32_t>().data() + first) {}
};

/// to [n, dp] = rows of `from` (each `stride` long, from column `column`), times factor.
template <class T>
void load(const Place& place, const T* from, int64_t stride, int64_t column, float factor,
          const Tiles& t, float* to) {
  for (int64_t i = 0; i < t.n(); ++i) {
    const T* source = from + place.rows[i] * stride + column;
#pragma omp simd
    for (int64_t c = 0; c < t.d(); ++c) to[i * t.dp() + c] = factor * static_cast<float>(source[c]);
  }
}

/// Fetches what load() will read for a head. A group's rows lie far apart, where the processor
/// foresees nothing, and a head's part of a row is a line or two.
template <class T>
void prefetch(const Place& place, const T* from, int64_t stride, int64_t column, int64_t d) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t i = 0; i < place.tokens; ++i) {
    const T* source = from + place.rows[i] * stride + column;
    for (int64_t c = 0; c < d; c += kLine) __builtin_prefetch(source + c);
  }
}

template <class T>
void store(const Place& place, const float* from, float factor, const Tiles& t, T* to,
           int64_t stride, int64_t column) {
  for (int64_t i = 0; i < t.n(); ++i) {
    T* target = to + place.rows[i] * stride + column;
#pragma omp simd
    for (int64_t c = 0; c < t.d(); ++c) target[c] = static_cast<T>(factor * from[i * t.dp() + c]);
  }
}

/// to [dp, np] = transpose of from [np, dp]. Rows of `from` beyond n hold numbers of a larger group
/// or zeros.
void transpose(const Tiles& t, const float* from, float* to) {
  for (int64_t c = 0; c < t.dp(); c += detail::kLanes) {
    for (int64_t i = 0; i < t.np(); i += detail::kLanes) {
      detail::transpose_block(from + i * t.dp() + c, t.dp(), to + c * t.np() + i, t.np());
    }
  }
}

void add_bias(const Place& place, Tiles& t) {
  const int64_t n = t.n();
  if (place.a.bias.defined()) {
    const float* bias = place.a.bias.data<float>().data() + place.head * n * n;
    for (int64_t j = 0; j < n; ++j) {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) t.s[j * t.np() + i] += bias[j * n + i];
    }
  }
  if (place.a.regions.defined()) {
    const uint8_t* region = place.a.regions.data<uint8_t>().data() + place.first;
    if (std::equal(region + 1, region + n, region)) return;
    for (int64_t j = 0; j < n; ++j) {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) {
        t.s[j * t.np() + i] -= region[i] == region[j] ? 0.0F : 100.0F;
      }
    }
  }
}

/// First column of key j's row that has a query which sees the key, in whole vectors.
int64_t first_query(bool causal, int64_t key) {
  return causal ? key / detail::kLanes * detail::kLanes : 0;
}

/// Takes the keys after a query out of its sum.
void hide_later_keys(Tiles& t) {
  for (int64_t j = 0; j < t.n(); ++j) {
    float* row = t.s + j * t.np();
    std::fill(row + first_query(true, j), row + j, -std::numeric_limits<float>::infinity());
  }
}

/// p = softmax of s over the keys; where causal, 0 for keys after the query.
void softmax(bool causal, Tiles& t) {
  const int64_t n = t.n(), np = t.np();
  if (causal) hide_later_keys(t);
  std::copy_n(t.s, np, t.max);  // every query sees the first key
  for (int64_t j = 1; j < n; ++j) {
    const float* scores = t.s + j * np;
#pragma omp simd
    for (int64_t i = first_query(causal, j); i < np; ++i) t.max[i] = std::max(t.max[i], scores[i]);
  }
  std::fill_n(t.sum, np, 0.0F);
  for (int64_t j = 0; j < n; ++j) {
    const float* scores = t.s + j * np;
    float* row = t.p + j * np;
    const int64_t first = first_query(causal, j);
    std::fill_n(row, first, 0.0F);
#pragma omp simd
    for (int64_t i = first; i < np; ++i) {
      const float term = detail::softmax_exp(scores[i] - t.max[i]);
      row[i] = term;
      t.sum[i] += term;
    }
  }
#pragma omp simd
  for (int64_t i = 0; i < np; ++i) t.sum[i] = 1 / t.sum[i];
  for (int64_t j = 0; j < n; ++j) {
    float* row = t.p + j * np;
#pragma omp simd
    for (int64_t i = first_query(causal, j); i < np; ++i) row[i] *= t.sum[i];
  }
}

/// Loads q, k and v and leaves the probabilities in p.
template <class T>
void attend(const Place& place, Tiles& t) {
  const int64_t C = place.a.channels();
  const T* qkv = place.a.qkv.data<T>().data();
  const int64_t column = place.head * t.d();
  load(place, qkv, 3 * C, column, 1 / std::sqrt(static_cast<float>(t.d())), t, t.q);
  load(place, qkv, 3 * C, C + column, 1.0F, t, t.k);
  load(place, qkv, 3 * C, 2 * C + column, 1.0F, t, t.v);
  transpose(t, t.q, t.qt);
  tile_gemm(t.n(), t.np(), t.d(), {t.k, t.dp(), 1}, t.qt, t.np(), t.s, t.np());
  add_bias(place, t);
  softmax(place.a.causal, t);
}

template <class T>
void forward_head(const Place& place, Tiles& t, T* y) {
  attend<T>(place, t);
  tile_gemm(t.n(), t.dp(), t.n(), {t.p, 1, t.np()}, t.v, t.dp(), t.out_v, t.dp());
  store(place, t.out_v, 1.0F, t, y, place.a.channels(), place.head * t.d());
}

/// s = p * (s - sum over keys of p * s): from the gradient of p to that of the scores.
void softmax_backward(Tiles& t) {
  const int64_t n = t.n(), np = t.np();
  std::fill_n(t.sum, np, 0.0F);
  for (int64_t j = 0; j < n; ++j) {
    const float* p = t.p + j * np;
    const float* s = t.s + j * np;
#pragma omp simd
    for (int64_t i = 0; i < np; ++i) t.sum[i] += p[i] * s[i];
  }
  for (int64_t j = 0; j < n; ++j) {
    const float* p = t.p + j * np;
    float* s = t.s + j * np;
#pragma omp simd
    for (int64_t i = 0; i < np; ++i) s[i] = p[i] * (s[i] - t.sum[i]);
  }
}

template <class T>
void backward_head(const Place& place, Tiles& t, const T* grad_y, T* grad_qkv, float* grad_bias) {
  const int64_t C = place.a.channels();
  const int64_t n = t.n(), np = t.np(), dp = t.dp();
  const int64_t column = place.head * t.d();
  attend<T>(place, t);
  load(place, grad_y, C, column, 1.0F, t, t.g);
  transpose(t, t.g, t.gt);
  tile_gemm(n, np, t.d(), {t.v, dp, 1}, t.gt, np, t.s, np);
  softmax_backward(t);
  if (grad_bias) {
    float* sum = grad_bias + place.head * n * n;
    for (int64_t j = 0; j < n; ++j) {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) sum[j * n + i] += t.s[j * np + i];
    }
  }
  tile_gemm(n, dp, n, {t.s, 1, np}, t.k, dp, t.out_q, dp);
  tile_gemm(n, dp, n, {t.s, np, 1}, t.q, dp, t.out_k, dp);
  tile_gemm(n, dp, n, {t.p, np, 1}, t.g, dp, t.out_v, dp);
  store(place, t.out_q, 1 / std::sqrt(static_cast<float>(t.d())), t, grad_qkv, 3 * C, column);
  store(place, t.out_k, 1.0F, t, grad_qkv, 3 * C, C + column);
  store(place, t.out_v, 1.0F, t, grad_qkv, 3 * C, 2 * C + column);
}

int64_t most_tokens(const detail::GroupedAttention& a) {
  const auto offsets = a.offsets.data<int32_t>();
  int64_t most = 1;
  for (int64_t group = 0; group < a.groups(); ++group) {
    most = std::max<int64_t>(most, offsets[group + 1] - offsets[group]);
  }
  return most;
}

/// Calls visit(place) for the heads of the groups of [begin, end), and before it ahead(the next).
template <class Ahead, class Visit>
void for_groups(const detail::GroupedAttention& a, int64_t begin, int64_t end, Tiles& tiles,
                Ahead ahead, Visit visit) {
  for (int64_t i = begin * a.heads; i < end * a.heads; ++i) {
    const Place place(a, i / a.heads, i % a.heads);
    if (i + 1 < end * a.heads) ahead(Place(a, (i + 1) / a.heads, (i + 1) % a.heads));
    tiles.set_tokens(place.tokens);
    if (tiles.n() > 0) visit(place);
  }
}

template <class T>
void prefetch_qkv(const Place& place) {
  const int64_t C = place.a.channels();
  const int64_t d = C / place.a.heads;
  for (int64_t part = 0; part < 3; ++part) {
    prefetch(place, place.a.qkv.data<T>().data(), 3 * C, part * C + place.head * d, d);
  }
}

template <class T>
void forward(const detail::GroupedAttention& a, Tensor& y) {
  const int64_t tokens = most_tokens(a);
  T* out = y.mutable_data<T>().data();
  parallel_for(a.groups(), 1, [&](int64_t begin, int64_t end) {
    Tiles tiles(tokens, a.channels() / a.heads);
    for_groups(a, begin, end, tiles, prefetch_qkv<T>,
               [&](const Place& place) { forward_head<T>(place, tiles, out); });
  });
}

template <class T>
void backward(const detail::GroupedAttention& a, const Tensor& grad_y, Tensor& grad_qkv,
              Tensor& grad_bias) {
  const int64_t tokens = most_tokens(a);
  const T* grad = grad_y.data<T>().data();
  T* out = grad_qkv.mutable_data<T>().data();
  const int64_t blocks = std::min(detail::kBiasBlocks, a.groups());
  const int64_t bias_size = grad_bias.defined() ? grad_bias.numel() : 0;
  Tensor partial = Tensor::zeros({blocks, bias_size}, DType::f32);
  float* sums = partial.mutable_data<float>().data();
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    Tiles tiles(tokens, a.channels() / a.heads);
    for (int64_t block = begin; block < end; ++block) {
      float* sum = bias_size > 0 ? sums + block * bias_size : nullptr;
      for_groups(
          a, a.groups() * block / blocks, a.groups() * (block + 1) / blocks, tiles,
          [&](const Place& place) {
            prefetch_qkv<T>(place);
            prefetch(place, grad, a.channels(), place.head * tiles.d(), tiles.d());
          },
          [&](const Place& place) { backward_head<T>(place, tiles, grad, out, sum); });
    }
  });
  if (bias_size == 0) return;
  float* total = grad_bias.mutable_data<float>().data();
  for (int64_t block = 0; block < blocks; ++block) {
    for (int64_t i = 0; i < bias_size; ++i) total[i] += sums[block * bias_size + i];
  }
}

}  // namespace

void grouped_attention_forward(const detail::GroupedAttention& attention, Tensor& y) {
  attention.qkv.dtype() == DType::f32 ? forward<float>(attention, y)
                                      : forward<BFloat16>(attention, y);
}

void grouped_attention_backward(const detail::GroupedAttention& attention, const Tensor& grad_y,
                                Tensor& grad_qkv, Tensor& grad_bias) {
  attention.qkv.dtype() == DType::f32 ? backward<float>(attention, grad_y, grad_qkv, grad_bias)
                                      : backward<BFloat16>(attention, grad_y, grad_qkv, grad_bias);
}

}  // namespace arno::ops::cpu
