// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/gelu.h"

#include "ops/core/kernel.h"
#include "ops/nn/detail/gelu_kernels.h"

namespace arno::ops {
namespace {

struct Kernels {
  KernelSet<detail::ActivationForward> forward;
  KernelSet<detail::ActivationBackward> backward;
};

constexpr Kernels kGelu{
    {"gelu", reference::gelu_forward, cpu::gelu_forward, cuda::gelu_forward},
    {"gelu", reference::gelu_backward, cpu::gelu_backward, cuda::gelu_backward}};
constexpr Kernels kQuickGelu{{"quick_gelu", reference::quick_gelu_forward, cpu::quick_gelu_forward,
                              cuda::quick_gelu_forward},
                             {"quick_gelu", reference::quick_gelu_backward,
                              cpu::quick_gelu_backward, cuda::quick_gelu_backward}};

const Kernels& kernels_of(Activation activation) {
  return activation == Activation::gelu ? kGelu : kQuickGelu;
}

Variable apply(Activation activation, const Variable& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  detail::activate(activation, x.value(), y);
  return record(std::move(y), {x}, [activation, saved_x = x.value()](const Tensor& grad_y) {
    Tensor grad_x = Tensor::empty(saved_x.shape(), saved_x.dtype(), saved_x.device());
    detail::activate_backward(activation, saved_x, grad_y, grad_x);
    return std::vector<Tensor>{grad_x};
  });
}

template <Variable (*kOp)(const Variable&)>
std::vector<OpSample> samples() {
  std::vector<OpSample> out;
  for (const Shape& shape : {Shape{2, 3, 5}, Shape{1}, Shape{0, 4}, Shape{200, 211}}) {
    out.push_back({.name = shape.to_string(),
                   .inputs =
                       [shape](Random& random) {
                         return std::vector<Tensor>{random_normal(shape, random, 2.0)};
                       },
                   .run = [](std::span<const Variable> in) { return kOp(in[0]); }});
  }
  return out;
}

}  // namespace

void detail::activate(Activation activation, const Tensor& x, Tensor& y) {
  kernels_of(activation).forward.select(x.device(), x.dtype())(x, y);
}

void detail::activate_backward(Activation activation, const Tensor& x, const Tensor& grad_y,
                               Tensor& grad_x) {
  kernels_of(activation).backward.select(x.device(), x.dtype())(x, grad_y, grad_x);
}

Variable gelu(const Variable& x) { return apply(Activation::gelu, x); }
Variable quick_gelu(const Variable& x) { return apply(Activation::quick_gelu, x); }

const OpDef& gelu_def() {
  static const OpDef def{"gelu", "x times the normal distribution function of x", samples<gelu>};
  return def;
}

const OpDef& quick_gelu_def() {
  static const OpDef def{"quick_gelu", "x * sigmoid(1.702 x)", samples<quick_gelu>};
  return def;
}

}  // namespace arno::ops
