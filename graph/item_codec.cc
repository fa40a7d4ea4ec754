// SPDX-License-Identifier: Apache-2.0
#include "graph/item_codec.h"

#include <algorithm>
#include <array>

namespace arno::graph {
namespace {

// The numbers in frames; they stay when the enum changes.
constexpr std::array kDTypes{ops::DType::f64, ops::DType::f32, ops::DType::bf16,
                             ops::DType::i64, ops::DType::i32, ops::DType::u8};

std::string list(const std::vector<ops::DType>& dtypes) {
  std::string out;
  for (const ops::DType dtype : dtypes) {
    out += fmt::format("{}{}", out.empty() ? "" : " or ", ops::to_string(dtype));
  }
  return out;
}

bool fits(const ops::Shape& found, const std::vector<int64_t>& expected) {
  return std::ranges::equal(found.dims(), expected,
                            [](int64_t a, int64_t b) { return b < 0 || a == b; });
}

/// How many bytes the elements take. Fails when that is more than any block holds.
size_t checked_size(const PartReader& in, std::string_view name, std::span<const int64_t> dims,
                    ops::DType dtype) {
  constexpr uint64_t kMost = uint64_t{1} << 48;
  uint64_t bytes = ops::size_of(dtype);
  for (const int64_t extent : dims) {
    in.check(extent >= 0 && (extent == 0 || bytes <= kMost / static_cast<uint64_t>(extent)),
             "{} has the shape [{}]", name, fmt::join(dims, ", "));
    bytes *= static_cast<uint64_t>(extent);
  }
  return bytes;
}

std::span<const std::byte> first_of(std::span<const SharedBytes> parts) {
  return parts.empty() ? std::span<const std::byte>() : parts.front().span();
}

}  // namespace

void PartWriter::tensor(const ops::Tensor& tensor) {
  ARNO_CHECK(tensor.defined(), Errc::invalid_argument,
             "[codec] an undefined tensor cannot be sent");
  fields_.number(
      static_cast<uint8_t>(std::ranges::find(kDTypes, tensor.dtype()) - kDTypes.begin()));
  fields_.number(static_cast<uint8_t>(tensor.rank()));
  for (const int64_t extent : tensor.shape().dims()) fields_.number(extent);
  block({tensor.raw(), tensor.size_bytes()});
}

std::vector<SharedBytes> PartWriter::take() {
  blocks_.insert(blocks_.begin(), SharedBytes::of(fields_.take()));
  return std::move(blocks_);
}

PartReader::PartReader(std::span<const SharedBytes> parts, std::string_view type)
    : parts_(parts), fields_(first_of(parts), type) {}

SharedBytes PartReader::block() {
  check(next_block_ < parts_.size(), "has {} parts, expected more", parts_.size());
  return parts_[next_block_++];
}

SharedBytes PartReader::block(size_t size_bytes) {
  SharedBytes out = block();
  check(out.size() == size_bytes, "part {} has {} bytes, expected {}", next_block_ - 1, out.size(),
        size_bytes);
  return out;
}

ops::Tensor PartReader::tensor(const ExpectedTensor& expected) {
  const auto code = fields_.number<uint8_t>();
  check(code < kDTypes.size(), "{} has the dtype number {}, expected less than {}", expected.name,
        code, kDTypes.size());
  const ops::DType dtype = kDTypes[code];
  check(expected.dtypes.empty() || std::ranges::count(expected.dtypes, dtype) > 0,
        "{} is {}, expected {}", expected.name, ops::to_string(dtype), list(expected.dtypes));
  const auto rank = fields_.number<uint8_t>();
  check(rank <= ops::Shape::kMaxRank, "{} has {} extents, expected at most {}", expected.name, rank,
        ops::Shape::kMaxRank);
  std::vector<int64_t> dims(rank);
  for (int64_t& extent : dims) extent = fields_.number<int64_t>();
  const size_t bytes = checked_size(*this, expected.name, dims, dtype);
  const ops::Shape shape(dims);
  check(!expected.shape || fits(shape, *expected.shape), "{} has the shape {}, expected [{}]",
        expected.name, shape.to_string(),
        fmt::join(expected.shape.value_or(std::vector<int64_t>{}), ", "));
  const SharedBytes elements = block(bytes);
  const auto place = reinterpret_cast<uintptr_t>(elements.span().data());
  if (bytes > 0 && place % ops::size_of(dtype) == 0) {
    return ops::Tensor::view(elements.owner(), elements.span(), shape, dtype);
  }
  ops::Tensor out = ops::Tensor::empty(shape, dtype);
  std::ranges::copy(elements.span(), out.mutable_raw());
  return out;
}

void PartReader::finish() const {
  fields_.finish();
  check(next_block_ == parts_.size(), "has {} parts, expected {}", parts_.size(), next_block_);
}

}  // namespace arno::graph
