// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <typeindex>
#include <vector>

#include "common/bytes.h"
#include "common/shared_bytes.h"
#include "graph/payload.h"
#include "ops/core/tensor.h"

namespace arno::graph {

/// Writes an item as parts: numbers and texts go to the first one, large blocks are parts of their
/// own that share the item's memory.
class PartWriter {
 public:
  /// `item` keeps everything alive that block() and tensor() are given.
  explicit PartWriter(std::shared_ptr<const void> item) : item_(std::move(item)) {}

  ByteWriter& fields() { return fields_; }
  void block(std::span<const std::byte> bytes) { blocks_.emplace_back(item_, bytes); }
  /// dtype and shape to the fields, the elements as a block. Throws invalid_argument for an
  /// undefined tensor.
  void tensor(const ops::Tensor& tensor);
  /// Their number, then each.
  template <class T>
  void numbers(const std::vector<T>& values) {
    fields_.number(static_cast<uint32_t>(values.size()));
    for (const T value : values) fields_.number(value);
  }

  std::vector<SharedBytes> take();

 private:
  std::shared_ptr<const void> item_;
  ByteWriter fields_;
  std::vector<SharedBytes> blocks_;
};

/// What a tensor in foreign bytes has to be.
struct ExpectedTensor {
  std::string_view name;           ///< in errors
  std::vector<ops::DType> dtypes;  ///< one of these; empty: any
  /// Each extent, -1 for any; none at all: any shape.
  std::optional<std::vector<int64_t>> shape{};
};

/// Reads what a PartWriter wrote. The parts are foreign: everything is checked, and fails with
/// data_corrupt.
class PartReader {
 public:
  /// `parts` must outlive the reader; `type` names the item in errors.
  PartReader(std::span<const SharedBytes> parts, std::string_view type);

  ByteReader& fields() { return fields_; }
  /// The next block, which must have this size.
  SharedBytes block(size_t size_bytes);
  SharedBytes block();
  /// The next tensor. It shares the part's memory unless its elements are not aligned there.
  ops::Tensor tensor(const ExpectedTensor& expected);
  template <class T>
  std::vector<T> numbers() {
    std::vector<T> out(fields_.count(sizeof(T)));
    for (T& value : out) value = fields_.number<T>();
    return out;
  }
  /// Fails with "[type] what".
  template <class... Args>
  void check(bool condition, fmt::format_string<Args...> format, Args&&... args) const {
    ARNO_CHECK(condition, Errc::data_corrupt, "[{}] {}", fields_.what(),
               fmt::format(format, std::forward<Args>(args)...));
  }
  /// Fails when anything is left.
  void finish() const;

 private:
  std::span<const SharedBytes> parts_;
  ByteReader fields_;
  size_t next_block_ = 1;
};

/// How items of a type leave the process and come in.
struct ItemCodec {
  std::string name;  ///< the type's, as ports and frames show it
  std::type_index type = typeid(void);
  /// Shares the item's memory.
  std::function<std::vector<SharedBytes>(const Payload&)> encode;
  /// `size_bytes`: what the item counts against the byte budget, as the sender said. Throws
  /// data_corrupt for parts that are no such item.
  std::function<Payload(std::span<const SharedBytes> parts, size_t size_bytes)> decode;
};

/// A codec of two functions: one writes an item, one reads it.
template <class T>
ItemCodec item_codec(std::string name, void (*write)(const T&, PartWriter&),
                     T (*read)(PartReader&)) {
  ItemCodec out{.name = std::move(name), .type = typeid(T)};
  out.encode = [write](const Payload& payload) {
    const std::shared_ptr<const T> item = payload.share<T>();
    PartWriter writer(item);
    write(*item, writer);
    return writer.take();
  };
  out.decode = [read, type = out.name](std::span<const SharedBytes> parts, size_t size_bytes) {
    PartReader reader(parts, type);
    T item = read(reader);
    reader.finish();
    return Payload::of(std::move(item), size_bytes);
  };
  return out;
}

}  // namespace arno::graph
