// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <dnnl.hpp>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "common/error.h"
#include "ops/core/tensor.h"

/// The only door to oneDNN. Included by `_cpu.cc` files and by nothing else.
namespace arno::ops::onednn {

/// The one CPU engine.
const dnnl::engine& engine();

/// Whether products of bf16 run faster than those of f32. AMX makes them so, and the bf16 dot
/// products of AVX-512 on AMD (twice the f32 rate, measured on Zen 4); on Sapphire Rapids the
/// latter reach half the f32 rate, and without either bf16 is emulated. Where not, operands are
/// widened to f32, which changes no product.
bool has_fast_bf16();

/// f32 and bf16; throws dtype_mismatch for the others.
dnnl::memory::data_type type_of(DType dtype);

/// A row-major description, or one with the given strides.
dnnl::memory::desc describe(std::initializer_list<int64_t> dims, DType dtype);
dnnl::memory::desc describe(std::initializer_list<int64_t> dims, DType dtype,
                            std::initializer_list<int64_t> strides);

/// What a primitive computes.
enum class Kind : int64_t {
  matmul,
  reorder_for_matmul,
  conv_forward,
  conv_backward_data,
  conv_backward_weights,
  reorder_for_forward,
  reorder_for_backward_data,
  reorder_from_backward_weights,
};

/// Names a primitive: its kind and every number that its description is made from, at most 20.
class Key {
 public:
  Key(Kind kind, std::initializer_list<int64_t> numbers);

  bool operator==(const Key&) const = default;
  uint64_t hash() const;

 private:
  static constexpr size_t kMaxNumbers = 20;
  std::array<int64_t, kMaxNumbers + 2> words_{};  // kind and team size first
};

/// An argument of a primitive: DNNL_ARG_SRC etc., and the memory of its elements.
struct Argument {
  int index;
  const std::byte* data;
};

/// A compiled primitive. Immutable; runs in any thread.
class Program {
 public:
  explicit Program(dnnl::primitive primitive);

  /// The layout that the primitive wants for an argument.
  dnnl::memory::desc layout_of(int argument) const;
  /// Runs on the calling thread's team and returns when done. Scratch memory comes from our
  /// allocator. Throws library_failed.
  void run(std::initializer_list<Argument> arguments) const;

 private:
  dnnl::primitive primitive_;
  size_t scratch_bytes_;
};

/// Attributes that every primitive is made with: scratch memory is ours.
dnnl::primitive_attr attributes();

/// Throws library_failed "[oneDNN] ...".
[[noreturn]] void rethrow(const dnnl::error& error);

/// The cache behind program(). Thread-safe; forgets everything when it holds 4096 programs.
std::shared_ptr<const Program> find(const Key& key);
std::shared_ptr<const Program> keep(const Key& key, dnnl::primitive primitive);

/// The program of that name; `make()` returns its dnnl::primitive when it is not known yet.
/// Throws library_failed.
template <class Make>
std::shared_ptr<const Program> program(const Key& key, Make&& make) {
  if (auto known = find(key)) return known;
  try {
    return keep(key, make());
  } catch (const dnnl::error& error) {
    rethrow(error);
  }
}

/// A copy of what `data` holds in the layout `plain`, in the layout that `program` wants for an
/// argument; `name` names the reorder.
Block arranged(const Program& program, int argument, const Key& name,
               const dnnl::memory::desc& plain, const std::byte* data);
/// The reorder from one layout to another.
dnnl::primitive make_reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

}  // namespace arno::ops::onednn
