// SPDX-License-Identifier: Apache-2.0
#include "ops/core/detail/onednn.h"

#include <omp.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "common/random.h"

namespace arno::ops::onednn {
namespace {

constexpr size_t kMaxPrograms = 4096;
constexpr size_t kMaxArguments = 8;

struct KeyHash {
  size_t operator()(const Key& key) const { return key.hash(); }
};

struct Cache {
  std::mutex mutex;
  std::unordered_map<Key, std::shared_ptr<const Program>, KeyHash> programs;
};

// Neither is ever destroyed: threads may still compute while the process ends.
Cache& cache() {
  static auto& instance = *new Cache;
  return instance;
}

const dnnl::stream& thread_stream() {
  thread_local const dnnl::stream stream(engine());
  return stream;
}

dnnl::memory::dims to_dims(std::initializer_list<int64_t> values) { return {values}; }

const_dnnl_primitive_desc_t description_of(const dnnl::primitive& primitive) {
  const_dnnl_primitive_desc_t out = nullptr;
  dnnl::error::wrap_c_api(dnnl_primitive_get_primitive_desc(primitive.get(), &out),
                          "a primitive has no description");
  return out;
}

const dnnl_memory_desc_t& layout(const dnnl::primitive& primitive, int argument) {
  return *dnnl_primitive_desc_query_md(description_of(primitive), dnnl_query_exec_arg_md, argument);
}

/// The memory objects of one execution.
class Arguments {
 public:
  Arguments() = default;
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  ~Arguments() {
    for (int i = 0; i < count_; ++i) dnnl_memory_destroy(list_[i].memory);
  }

  void add(int index, const dnnl_memory_desc_t& layout, const std::byte* data) {
    dnnl_memory_t memory = nullptr;
    // oneDNN takes inputs and outputs through the same pointer type.
    dnnl::error::wrap_c_api(
        dnnl_memory_create(&memory, &layout, engine().get(), const_cast<std::byte*>(data)),
        "could not wrap memory");
    list_[count_++] = {index, memory};
  }

  void execute(const dnnl::primitive& primitive) const {
    const dnnl_stream_t stream = thread_stream().get();
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive.get(), stream, count_, list_.data()),
                            "could not execute a primitive");
    dnnl::error::wrap_c_api(dnnl_stream_wait(stream), "could not wait for a primitive");
  }

 private:
  std::array<dnnl_exec_arg_t, kMaxArguments> list_{};
  int count_ = 0;
};

}  // namespace

const dnnl::engine& engine() {
  static auto& instance = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return instance;
}

bool has_fast_bf16() {
  static const bool fast = [] {
    const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx512_core_amx ||
           (isa == dnnl::cpu_isa::avx512_core_bf16 && __builtin_cpu_is("amd"));
  }();
  return fast;
}

dnnl::memory::data_type type_of(DType dtype) {
  ARNO_CHECK(dtype == DType::f32 || dtype == DType::bf16, Errc::dtype_mismatch,
             "[oneDNN] found {}, expected f32 or bf16", to_string(dtype));
  return dtype == DType::f32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
}

dnnl::memory::desc describe(std::initializer_list<int64_t> dims, DType dtype) {
  dnnl::memory::dims strides(dims.size(), 1);
  for (size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims.begin()[i];
  return {to_dims(dims), type_of(dtype), strides};
}

dnnl::memory::desc describe(std::initializer_list<int64_t> dims, DType dtype,
                            std::initializer_list<int64_t> strides) {
  return {to_dims(dims), type_of(dtype), to_dims(strides)};
}

Key::Key(Kind kind, std::initializer_list<int64_t> numbers) {
  ARNO_CHECK(numbers.size() <= kMaxNumbers, Errc::invalid_argument,
             "[oneDNN] {} numbers in a key, at most {}", numbers.size(), kMaxNumbers);
  words_[0] = static_cast<int64_t>(kind);
  // oneDNN compiles for the team that will run the primitive.
  words_[1] = omp_get_max_threads();
  std::ranges::copy(numbers, words_.begin() + 2);
}

uint64_t Key::hash() const {
  uint64_t out = 0;
  for (const int64_t word : words_) out = (out ^ static_cast<uint64_t>(word)) * 0x9e3779b97f4a7c15U;
  return mix64(out);
}

Program::Program(dnnl::primitive primitive)
    : primitive_(std::move(primitive)),
      scratch_bytes_(dnnl_memory_desc_get_size(&layout(primitive_, DNNL_ARG_SCRATCHPAD))) {}

dnnl::memory::desc Program::layout_of(int argument) const {
  return dnnl::memory::desc(layout(primitive_, argument));
}

void Program::run(std::initializer_list<Argument> arguments) const {
  try {
    Arguments list;
    for (const Argument& argument : arguments) {
      list.add(argument.index, layout(primitive_, argument.index), argument.data);
    }
    Block scratch;
    if (scratch_bytes_ > 0) {
      scratch = allocator({}).allocate(scratch_bytes_);
      list.add(DNNL_ARG_SCRATCHPAD, layout(primitive_, DNNL_ARG_SCRATCHPAD), scratch.get());
    }
    list.execute(primitive_);
  } catch (const dnnl::error& error) {
    rethrow(error);
  }
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr out;
  out.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return out;
}

void rethrow(const dnnl::error& error) {
  fail(Errc::library_failed, "[oneDNN] {} (status {})", error.message,
       static_cast<int>(error.status));
}

std::shared_ptr<const Program> find(const Key& key) {
  Cache& known = cache();
  const std::scoped_lock lock(known.mutex);
  const auto found = known.programs.find(key);
  return found == known.programs.end() ? nullptr : found->second;
}

std::shared_ptr<const Program> keep(const Key& key, dnnl::primitive primitive) {
  auto made = std::make_shared<const Program>(std::move(primitive));
  Cache& known = cache();
  const std::scoped_lock lock(known.mutex);
  if (known.programs.size() >= kMaxPrograms) known.programs.clear();
  return known.programs.try_emplace(key, std::move(made)).first->second;
}

dnnl::primitive make_reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  return dnnl::reorder({engine(), from, engine(), to, attributes()});
}

Block arranged(const Program& program, int argument, const Key& name,
               const dnnl::memory::desc& plain, const std::byte* data) {
  const dnnl::memory::desc wanted = program.layout_of(argument);
  const auto reorder = onednn::program(name, [&] { return make_reorder(plain, wanted); });
  Block out = allocator({}).allocate(wanted.get_size());
  reorder->run({{DNNL_ARG_FROM, data}, {DNNL_ARG_TO, out.get()}});
  return out;
}

}  // namespace arno::ops::onednn
