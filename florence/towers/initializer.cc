// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/initializer.h"

#include "common/hash.h"
#include "ops/core/init.h"

namespace arno::florence {
namespace {

constexpr double kTruncNormalStd = 0.02;

ops::Tensor make_trunc_normal(const ops::Shape& shape, RandomKey key) {
  ops::Tensor value = ops::Tensor::empty(shape, ops::DType::f32);
  ops::fill_trunc_normal(value, kTruncNormalStd, key);
  return value;
}

}  // namespace

Initializer Initializer::part(const std::string& name) const {
  return {parameters_, key_, prefix_ + name + "."};
}

ops::Variable Initializer::trunc_normal(const std::string& name, const ops::Shape& shape) const {
  return parameters_.add(full(name), make_trunc_normal(shape, key_of(name)));
}

ops::Variable Initializer::trunc_normal_without_decay(const std::string& name,
                                                      const ops::Shape& shape) const {
  return parameters_.add_without_decay(full(name), make_trunc_normal(shape, key_of(name)));
}

ops::Variable Initializer::kaiming_uniform(const std::string& name, const ops::Shape& shape,
                                           int64_t fan_in) const {
  ops::Tensor value = ops::Tensor::empty(shape, ops::DType::f32);
  ops::fill_kaiming_uniform(value, fan_in, key_of(name));
  return parameters_.add(full(name), std::move(value));
}

ops::Variable Initializer::constant(const std::string& name, const ops::Shape& shape,
                                    double value) const {
  return parameters_.add_without_decay(full(name),
                                       ops::Tensor::full(shape, ops::DType::f32, value));
}

RandomKey Initializer::key_of(const std::string& name) const {
  return key_.child(hash64(full(name)));
}

WeightAndBias make_linear(const Initializer& init, const std::string& name, int64_t in,
                          int64_t out) {
  return {init.trunc_normal(name + ".weight", {out, in}), init.constant(name + ".bias", {out}, 0)};
}

WeightAndBias make_norm(const Initializer& init, const std::string& name, int64_t channels) {
  return {init.constant(name + ".weight", {channels}, 1),
          init.constant(name + ".bias", {channels}, 0)};
}

}  // namespace arno::florence
