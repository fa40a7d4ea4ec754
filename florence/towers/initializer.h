// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/random.h"
#include "florence/towers/parameters.h"

namespace arno::florence {

/// Adds initialised parameters below a name prefix. Every parameter draws from a key made of its
/// name, so that a tower's start does not depend on what else the model has.
class Initializer {
 public:
  Initializer(ParameterSet& parameters, RandomKey key, std::string prefix = "")
      : parameters_(parameters), key_(key), prefix_(std::move(prefix)) {}

  /// The initializer of a part: "blocks.0" -> names "blocks.0.<name>".
  Initializer part(const std::string& name) const;

  /// Truncated normal, std 0.02, cut at +-2.
  ops::Variable trunc_normal(const std::string& name, const ops::Shape& shape) const;
  /// The same without weight decay (embeddings, relative position tables).
  ops::Variable trunc_normal_without_decay(const std::string& name, const ops::Shape& shape) const;
  /// Uniform within 1/sqrt(fan_in): Kaiming's with a = sqrt(5), the usual start of convolutions.
  ops::Variable kaiming_uniform(const std::string& name, const ops::Shape& shape,
                                int64_t fan_in) const;
  ops::Variable constant(const std::string& name, const ops::Shape& shape, double value) const;

  const std::string& prefix() const { return prefix_; }

 private:
  std::string full(const std::string& name) const { return prefix_ + name; }
  RandomKey key_of(const std::string& name) const;

  ParameterSet& parameters_;
  RandomKey key_;
  std::string prefix_;
};

/// Weight and bias of a linear map or a convolution.
struct WeightAndBias {
  ops::Variable weight;
  ops::Variable bias;
};

/// `<name>.weight` [out, in] truncated normal and `<name>.bias` [out] zero.
WeightAndBias make_linear(const Initializer& init, const std::string& name, int64_t in,
                          int64_t out);
/// `<name>.weight` [channels] one and `<name>.bias` [channels] zero.
WeightAndBias make_norm(const Initializer& init, const std::string& name, int64_t channels);

}  // namespace arno::florence
