// SPDX-License-Identifier: Apache-2.0
#include "ops/autograd/variable.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "ops/core/parallel.h"

namespace arno::ops {

/// A sum of gradients. Writes in place only into a tensor that nobody else holds.
struct GradSum {
  Tensor value;
  bool own = false;

  void add(const Tensor& grad);
};

struct Node;

/// What the tape knows of a variable. Apart from its value, so that the tape keeps no tensor
/// alive which no backward function asked for.
struct TapeEntry {
  Shape shape;
  bool requires_grad = false;
  std::shared_ptr<Node> node;  ///< null for a leaf
  GradSum grad;
  int64_t uses = 0;  ///< as an input of recorded ops whose backward has not run
  std::function<void()> on_final{};

  void tell_if_final() const {
    if (uses == 0 && on_final && grad.value.defined()) on_final();
  }
};

/// What a recorded op leaves on the tape.
struct Node {
  uint64_t order = 0;                              ///< later ops have larger numbers
  std::vector<std::shared_ptr<TapeEntry>> inputs;  ///< null: an optional input left out
  Backward backward;

  Node(uint64_t number, Backward function) : order(number), backward(std::move(function)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() {
    for (const auto& input : inputs) {
      if (input) --input->uses;
    }
  }

  void add_input(std::shared_ptr<TapeEntry> input) {
    if (input) ++input->uses;
    inputs.push_back(std::move(input));
  }
  /// Backward has run. One by one, as an op may use a leaf twice.
  void release_inputs() {
    for (const auto& input : std::exchange(inputs, {})) {
      if (!input) continue;
      --input->uses;
      input->tell_if_final();
    }
  }
};

struct Variable::State {
  Tensor value;
  Tensor cast;
  std::shared_ptr<TapeEntry> entry;
};

namespace {

thread_local bool recording = true;
std::atomic<uint64_t> next_order{1};
constexpr int64_t kGrain = 1 << 14;

void add_into(Tensor& out, const Tensor& a, const Tensor& b) {
  visit_float(out.dtype(), [&]<class T>(TypeTag<T>) {
    T* sum = out.mutable_data<T>().data();
    const T* left = a.data<T>().data();
    const T* right = b.data<T>().data();
    parallel_for(out.numel(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        sum[i] = static_cast<T>(static_cast<AccumulatorOf<T>>(left[i]) +
                                static_cast<AccumulatorOf<T>>(right[i]));
      }
    });
  });
}

void attach_node(Variable& output, const std::vector<Variable>& inputs, Backward backward) {
  auto node = std::make_shared<Node>(next_order++, std::move(backward));
  for (const Variable& input : inputs)
    node->add_input(input.defined() ? input.state()->entry : nullptr);
  output.state()->entry->node = std::move(node);
}

}  // namespace

void GradSum::add(const Tensor& grad) {
  if (!value.defined()) {
    value = grad;
    own = false;
    return;
  }
  check_shape("backward", "gradient", grad, value.shape());
  const Tensor other = grad.to(value.dtype());
  Tensor sum = own ? value : Tensor::empty(value.shape(), value.dtype(), value.device());
  add_into(sum, value, other);
  value = std::move(sum);
  own = true;
}

Variable::Variable(Tensor value, bool requires_grad) : state_(std::make_shared<State>()) {
  state_->entry = std::make_shared<TapeEntry>(TapeEntry{value.shape(), requires_grad, {}, {}});
  state_->value = std::move(value);
}

const Tensor& Variable::value() const {
  ARNO_CHECK(state_, Errc::invalid_argument, "[variable] not defined");
  return state_->value;
}

bool Variable::requires_grad() const { return state_ && state_->entry->requires_grad; }

Tensor& Variable::mutable_value() {
  state_->cast = {};
  return state_->value;
}

void Variable::assign(Tensor value) {
  clear_grad();
  state_->entry->shape = value.shape();
  mutable_value() = std::move(value);
}

const Tensor& Variable::value_as(DType dtype) const {
  if (value().dtype() == dtype) return state_->value;
  if (!state_->cast.defined() || state_->cast.dtype() != dtype) {
    state_->cast = state_->value.to(dtype);
  }
  return state_->cast;
}

const Tensor& Variable::grad() const { return state_->entry->grad.value; }
void Variable::clear_grad() { state_->entry->grad = {}; }

void Variable::set_grad(Tensor grad) {
  check_shape("set_grad", "gradient", grad, state_->entry->shape);
  state_->entry->grad = {.value = std::move(grad), .own = false};
}

void Variable::on_final_grad(std::function<void()> call) {
  state_->entry->on_final = std::move(call);
}

bool needs_grad(std::span<const Variable> inputs) {
  return recording && std::ranges::any_of(inputs, &Variable::requires_grad);
}

Variable record(Tensor output, const std::vector<Variable>& inputs, Backward backward) {
  Variable out(std::move(output), needs_grad(inputs));
  if (out.requires_grad()) attach_node(out, inputs, std::move(backward));
  return out;
}

void backward(std::span<const std::pair<Variable, Tensor>> roots) {
  // Outputs whose gradient is known in part, latest first: every consumer of an output was
  // recorded after it, so its sum is complete when its turn comes.
  std::map<uint64_t, std::pair<std::shared_ptr<TapeEntry>, GradSum>, std::greater<>> pending;
  const auto add = [&](const std::shared_ptr<TapeEntry>& entry, const Tensor& grad) {
    if (!entry || !entry->requires_grad || !grad.defined()) return;
    check_shape("backward", "gradient", grad, entry->shape);
    if (!entry->node) {
      entry->grad.add(grad);
      return;
    }
    auto& sum = pending[entry->node->order];
    sum.first = entry;
    sum.second.add(grad);
  };
  for (const auto& [root, grad] : roots) add(root.state()->entry, grad);
  for (const auto& [root, grad] : roots) root.state()->entry->tell_if_final();
  while (!pending.empty()) {
    const auto [entry, grad] = std::move(pending.begin()->second);
    pending.erase(pending.begin());
    const std::shared_ptr<Node> node = std::move(entry->node);
    const std::vector<Tensor> grads = node->backward(grad.value);
    node->backward = {};
    for (size_t i = 0; i < grads.size(); ++i) add(node->inputs[i], grads[i]);
    node->release_inputs();
  }
}

void backward(const Variable& root, Tensor grad) {
  if (!grad.defined()) {
    ARNO_CHECK(root.value().numel() == 1, Errc::shape_mismatch,
               "[backward] root has shape {}, expected a scalar or a gradient with it",
               root.shape().to_string());
    grad = Tensor::full(root.shape(), root.dtype(), 1.0, root.device());
  }
  const std::pair<Variable, Tensor> one{root, std::move(grad)};
  backward(std::span(&one, 1));
}

NoGrad::NoGrad() : before_(std::exchange(recording, false)) {}
NoGrad::~NoGrad() { recording = before_; }

Variable checkpoint(std::function<Variable(const Variable&)> body, const Variable& input) {
  if (!recording) return body(input);
  Tensor output;
  {
    const NoGrad no_grad;
    output = body(Variable(input.value())).value();
  }
  // Parameters inside the body get their gradients from the inner backward(), so the call is
  // recorded even when the input itself needs none.
  Variable out(std::move(output), true);
  attach_node(out, {input}, [body = std::move(body), kept = input.value()](const Tensor& grad) {
    Variable again(kept, true);
    backward(body(again), grad);
    return std::vector<Tensor>{again.grad()};
  });
  return out;
}

}  // namespace arno::ops
