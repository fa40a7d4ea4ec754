// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "ops/core/detail/simd_math.h"
#include "ops/math/detail/elementwise.h"
#include "ops/nn/detail/gelu_kernels.h"

namespace arno::ops {
namespace {

constexpr double kSqrtHalf = std::numbers::sqrt2 / 2;
constexpr double kQuickFactor = 1.702;

/// value(x) and slope(x) of each activation, with the standard library and with the fast one.
struct Gelu {
  template <class A>
  static A value(A x) {
    return x * (1 + std::erf(x * static_cast<A>(kSqrtHalf))) / 2;
  }
  template <class A>
  static A slope(A x) {
    const A density = std::exp(-x * x / 2) * static_cast<A>(kSqrtHalf * std::numbers::inv_sqrtpi);
    return (1 + std::erf(x * static_cast<A>(kSqrtHalf))) / 2 + x * density;
  }
};

struct FastGelu {
  static float value(float x) {
    return 0.5F * x * (1 + detail::fast_erf(x * static_cast<float>(kSqrtHalf)).erf);
  }
  static float slope(float x) {
    const auto [erf, gauss] = detail::fast_erf(x * static_cast<float>(kSqrtHalf));
    return 0.5F * (1 + erf) + x * gauss * static_cast<float>(kSqrtHalf * std::numbers::inv_sqrtpi);
  }
};

struct QuickGelu {
  template <class A>
  static A value(A x) {
    return x / (1 + std::exp(-static_cast<A>(kQuickFactor) * x));
  }
  template <class A>
  static A slope(A x) {
    const A gate = 1 / (1 + std::exp(-static_cast<A>(kQuickFactor) * x));
    return gate * (1 + static_cast<A>(kQuickFactor) * x * (1 - gate));
  }
};

struct FastQuickGelu {
  static float gate(float x) {
    return 1.0F / (1.0F + detail::fast_exp(-static_cast<float>(kQuickFactor) * x));
  }
  static float value(float x) { return x * gate(x); }
  static float slope(float x) {
    const float g = gate(x);
    return g * (1.0F + static_cast<float>(kQuickFactor) * x * (1.0F - g));
  }
};

template <class Activation, class T>
void forward(const Tensor& x, Tensor& y) {
  detail::map<T>(x, y, [](auto v) { return Activation::value(v); });
}

template <class Activation, class T>
void backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  detail::map<T>(x, grad_y, grad_x, [](auto v, auto g) { return g * Activation::slope(v); });
}

template <class Activation>
void any_forward(const Tensor& x, Tensor& y) {
  visit_float(x.dtype(), [&]<class T>(TypeTag<T>) { forward<Activation, T>(x, y); });
}
template <class Activation>
void any_backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  visit_float(x.dtype(), [&]<class T>(TypeTag<T>) { backward<Activation, T>(x, grad_y, grad_x); });
}

template <class Activation>
void fast_forward(const Tensor& x, Tensor& y) {
  x.dtype() == DType::f32 ? forward<Activation, float>(x, y) : forward<Activation, BFloat16>(x, y);
}
template <class Activation>
void fast_backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  x.dtype() == DType::f32 ? backward<Activation, float>(x, grad_y, grad_x)
                          : backward<Activation, BFloat16>(x, grad_y, grad_x);
}

}  // namespace

namespace reference {
void gelu_forward(const Tensor& x, Tensor& y) { any_forward<Gelu>(x, y); }
void gelu_backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  any_backward<Gelu>(x, grad_y, grad_x);
}
void quick_gelu_forward(const Tensor& x, Tensor& y) { any_forward<QuickGelu>(x, y); }
void quick_gelu_backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  any_backward<QuickGelu>(x, grad_y, grad_x);
}
}  // namespace reference

namespace cpu {
void gelu_forward(const Tensor& x, Tensor& y) { fast_forward<FastGelu>(x, y); }
void gelu_backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  fast_backward<FastGelu>(x, grad_y, grad_x);
}
void quick_gelu_forward(const Tensor& x, Tensor& y) { fast_forward<FastQuickGelu>(x, y); }
void quick_gelu_backward(const Tensor& x, const Tensor& grad_y, Tensor& grad_x) {
  fast_backward<FastQuickGelu>(x, grad_y, grad_x);
}
}  // namespace cpu

}  // namespace arno::ops
