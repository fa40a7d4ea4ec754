// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <typeindex>
#include <utility>

#include "common/error.h"
#include "common/item_tag.h"

namespace arno::graph {

/// What travels along an edge: a shared handle on an immutable item of a known type. Inside one
/// process an item is never copied and never serialised.
class Payload {
 public:
  Payload() = default;

  /// Takes an item over. `size_bytes`: what it counts against an edge's byte budget.
  template <class T>
  static Payload of(T item, size_t size_bytes) {
    return of(std::make_shared<const T>(std::move(item)), size_bytes);
  }
  template <class T>
  static Payload of(std::shared_ptr<const T> item, size_t size_bytes) {
    Payload out;
    out.tag_ = tag_of(*item);
    out.item_ = std::move(item);
    out.type_ = typeid(T);
    out.size_bytes_ = size_bytes;
    return out;
  }

  std::type_index type() const { return type_; }
  size_t size_bytes() const { return size_bytes_; }
  const ItemTag& tag() const { return tag_; }

  /// The item. Throws invalid_argument when it is of another type: the plan's port check rules
  /// that out.
  template <class T>
  std::shared_ptr<const T> share() const {
    ARNO_CHECK(type_ == typeid(T), Errc::invalid_argument, "[payload] holds {}, asked for {}",
               type_.name(), typeid(T).name());
    return std::static_pointer_cast<const T>(item_);
  }
  template <class T>
  const T& get() const {
    ARNO_CHECK(type_ == typeid(T), Errc::invalid_argument, "[payload] holds {}, asked for {}",
               type_.name(), typeid(T).name());
    return *static_cast<const T*>(item_.get());
  }

 private:
  std::shared_ptr<const void> item_;
  std::type_index type_ = typeid(void);
  size_t size_bytes_ = 0;
  ItemTag tag_;
};

}  // namespace arno::graph
