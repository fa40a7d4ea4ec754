// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include "ops/core/kernel.h"
#include "ops/nn/detail/grouped_attention.h"

namespace arno::ops {

namespace detail {
namespace {

constexpr KernelSet<GroupedAttentionForward> kForward{
    "attention", reference::grouped_attention_forward, cpu::grouped_attention_forward,
    cuda::grouped_attention_forward};
constexpr KernelSet<GroupedAttentionBackward> kBackward{
    "attention", reference::grouped_attention_backward, cpu::grouped_attention_backward,
    cuda::grouped_attention_backward};

}  // namespace

Tensor grouped_attention_forward(const GroupedAttention& attention) {
  const Tensor& qkv = attention.qkv;
  Tensor y = Tensor::empty({qkv.dim(0), attention.channels()}, qkv.dtype(), qkv.device());
  kForward.select(qkv.device(), qkv.dtype())(attention, y);
  return y;
}

void grouped_attention_backward(const GroupedAttention& attention, const Tensor& grad_y,
                                Tensor& grad_qkv, Tensor& grad_bias) {
  const Tensor& qkv = attention.qkv;
  grad_qkv = Tensor::empty(qkv.shape(), qkv.dtype(), qkv.device());
  if (attention.bias.defined()) {
    grad_bias = Tensor::zeros(attention.bias.shape(), attention.bias.dtype(), qkv.device());
  }
  kBackward.select(qkv.device(), qkv.dtype())(attention, grad_y, grad_qkv, grad_bias);
}

}  // namespace detail

namespace reference {
namespace {

/// One head of one group, element by element.
template <class T>
class Head {
 public:
  using A = AccumulatorOf<T>;

  Head(const detail::GroupedAttention& a, int64_t group, int64_t head)
      : a_(a),
        C_(a.channels()),
        d_(C_ / a.heads),
        head_(head),
        first_(a.offsets.data<int32_t>()[group]),
        rows_(a.rows.data<int32_t>().data() + first_),
        qkv_(a.qkv.data<T>().data()),
        n_(a.offsets.data<int32_t>()[group + 1] - first_) {}

  int64_t n() const { return n_; }
  int64_t d() const { return d_; }
  int64_t row(int64_t i) const { return rows_[i]; }
  /// Index into a [R, 3 C] tensor; part 0, 1, 2 = q, k, v.
  int64_t at(int64_t i, int part, int64_t k) const {
    return row(i) * 3 * C_ + part * C_ + head_ * d_ + k;
  }
  A qkv(int64_t i, int part, int64_t k) const { return static_cast<A>(qkv_[at(i, part, k)]); }
  int64_t out(int64_t i, int64_t k) const { return row(i) * C_ + head_ * d_ + k; }
  int64_t bias_at(int64_t i, int64_t j) const { return (head_ * n_ + j) * n_ + i; }
  A scale() const { return 1 / std::sqrt(static_cast<A>(d_)); }

  /// softmax(s), [n, n].
  std::vector<A> probabilities() const {
    std::vector<A> p(n_ * n_);
    for (int64_t i = 0; i < n_; ++i) {
      A max = -std::numeric_limits<A>::infinity();
      for (int64_t j = 0; j < n_; ++j) max = std::max(max, p[i * n_ + j] = score(i, j));
      A sum = 0;
      for (int64_t j = 0; j < n_; ++j) sum += p[i * n_ + j] = std::exp(p[i * n_ + j] - max);
      for (int64_t j = 0; j < n_; ++j) p[i * n_ + j] /= sum;
    }
    return p;
  }

 private:
  A score(int64_t i, int64_t j) const {
    if (a_.causal && j > i) return -std::numeric_limits<A>::infinity();
    A sum = 0;
    for (int64_t k = 0; k < d_; ++k) sum += qkv(i, 0, k) * scale() * qkv(j, 1, k);
    if (a_.bias.defined()) sum += a_.bias.data<A>()[bias_at(i, j)];
    if (a_.regions.defined()) {
      const auto regions = a_.regions.data<uint8_t>();
      if (regions[first_ + i] != regions[first_ + j]) sum -= 100;
    }
    return sum;
  }

  const detail::GroupedAttention& a_;
  int64_t C_, d_, head_, first_;
  const int32_t* rows_;
  const T* qkv_;
  int64_t n_;
};

template <class T>
void forward_head(const Head<T>& head, Tensor& y) {
  using A = AccumulatorOf<T>;
  const std::vector<A> p = head.probabilities();
  for (int64_t i = 0; i < head.n(); ++i) {
    for (int64_t k = 0; k < head.d(); ++k) {
      A sum = 0;
      for (int64_t j = 0; j < head.n(); ++j) sum += p[i * head.n() + j] * head.qkv(j, 2, k);
      y.mutable_data<T>()[head.out(i, k)] = static_cast<T>(sum);
    }
  }
}

// With g = grad_y, p = softmax(s), e_ij = g_i . v_j:
//     grad_v_j = sum_i p_ij g_i,   grad_s_ij = p_ij (e_ij - sum_l p_il e_il) = grad_bias_ij
//     grad_q_i = sum_j grad_s_ij k_j / sqrt(d),   grad_k_j = sum_i grad_s_ij q_i / sqrt(d)
template <class T>
void backward_head(const Head<T>& head, const Tensor& grad_y, Tensor& grad_qkv, Tensor& grad_bias) {
  using A = AccumulatorOf<T>;
  const int64_t n = head.n(), d = head.d();
  const std::vector<A> p = head.probabilities();
  const T* gradients = grad_y.data<T>().data();
  const auto g = [&](int64_t i, int64_t k) { return static_cast<A>(gradients[head.out(i, k)]); };
  std::vector<A> grad_s(n * n);
  for (int64_t i = 0; i < n; ++i) {
    A mean = 0;
    for (int64_t j = 0; j < n; ++j) {
      A e = 0;
      for (int64_t k = 0; k < d; ++k) e += g(i, k) * head.qkv(j, 2, k);
      grad_s[i * n + j] = e;
      mean += p[i * n + j] * e;
    }
    for (int64_t j = 0; j < n; ++j) {
      A& s = grad_s[i * n + j];
      s = p[i * n + j] * (s - mean);
      if (grad_bias.defined()) grad_bias.mutable_data<A>()[head.bias_at(i, j)] += s;
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < d; ++k) {
      A grad_q = 0, grad_k = 0, grad_v = 0;
      for (int64_t j = 0; j < n; ++j) {
        grad_q += grad_s[i * n + j] * head.qkv(j, 1, k);
        grad_k += grad_s[j * n + i] * head.qkv(j, 0, k);
        grad_v += p[j * n + i] * g(j, k);
      }
      const auto out = grad_qkv.mutable_data<T>();
      out[head.at(i, 0, k)] = static_cast<T>(grad_q * head.scale());
      out[head.at(i, 1, k)] = static_cast<T>(grad_k * head.scale());
      out[head.at(i, 2, k)] = static_cast<T>(grad_v);
    }
  }
}

template <class Visit>
void for_each_head(const detail::GroupedAttention& attention, Visit visit) {
  visit_float(attention.qkv.dtype(), [&]<class T>(TypeTag<T>) {
    for (int64_t group = 0; group < attention.groups(); ++group) {
      for (int64_t h = 0; h < attention.heads; ++h) visit(Head<T>(attention, group, h));
    }
  });
}

}  // namespace

void grouped_attention_forward(const detail::GroupedAttention& attention, Tensor& y) {
  for_each_head(attention, [&](const auto& head) { forward_head(head, y); });
}

void grouped_attention_backward(const detail::GroupedAttention& attention, const Tensor& grad_y,
                                Tensor& grad_qkv, Tensor& grad_bias) {
  for_each_head(attention,
                [&](const auto& head) { backward_head(head, grad_y, grad_qkv, grad_bias); });
}

}  // namespace reference
}  // namespace arno::ops
