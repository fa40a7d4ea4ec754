// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/parameters.h"

#include <algorithm>

namespace arno::florence {

ops::Variable ParameterSet::add(std::string name, ops::Tensor value) {
  const bool decay = value.rank() >= 2;
  return insert(std::move(name), std::move(value), decay);
}

ops::Variable ParameterSet::add_without_decay(std::string name, ops::Tensor value) {
  return insert(std::move(name), std::move(value), false);
}

const Parameter* ParameterSet::find(std::string_view name) const {
  const auto found = std::ranges::find(parameters_, name, &Parameter::name);
  return found == parameters_.end() ? nullptr : &*found;
}

int64_t ParameterSet::count() const { return count(""); }

int64_t ParameterSet::count(std::string_view prefix) const {
  int64_t total = 0;
  for (const Parameter& parameter : parameters_) {
    if (parameter.name.starts_with(prefix)) total += parameter.variable.value().numel();
  }
  return total;
}

void ParameterSet::clear_grads() {
  for (Parameter& parameter : parameters_) parameter.variable.clear_grad();
}

ops::Variable ParameterSet::insert(std::string name, ops::Tensor value, bool decay) {
  ARNO_CHECK(!find(name), Errc::invalid_argument, "[parameters] \"{}\" is added twice", name);
  ops::Variable variable(std::move(value), /*requires_grad=*/true);
  parameters_.push_back({std::move(name), variable, decay});
  return variable;
}

}  // namespace arno::florence
