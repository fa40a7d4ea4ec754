// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/wire.h"

#include "common/bytes.h"

namespace arno::graph {
namespace {

/// Writes fields in the order in which they are named; lists as their length and their elements.
class Writer {
 public:
  template <class... Fields>
  void operator()(const Fields&... fields) {
    (put(fields), ...);
  }
  std::string take() { return std::move(out_); }

 private:
  /// As ByteWriter has it.
  template <class T>
  void number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void put(const std::string& text) {
    number(static_cast<uint32_t>(text.size()));
    out_ += text;
  }
  void put(const Resources& resources) {
    number(static_cast<uint32_t>(resources.size()));
    for (const auto& [name, count] : resources) (*this)(name, count);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    number(static_cast<uint32_t>(list.size()));
    for (const T& element : list) put(element);
  }
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
      number(value);
    } else {
      fields_of(*this, value);
    }
  }

  std::string out_;
};

/// Reads them back.
class Reader {
 public:
  explicit Reader(const std::string& text) : in_(std::as_bytes(std::span(text)), "control") {}
  template <class... Fields>
  void operator()(Fields&... fields) {
    (take(fields), ...);
  }
  void finish() const { in_.finish(); }

 private:
  void take(std::string& text) { text = in_.text(); }
  void take(Resources& resources) {
    std::string name;
    for (uint32_t left = in_.count(1); left > 0; --left) {
      take(name);
      take(resources[name]);
    }
  }
  template <class T>
  void take(std::vector<T>& list) {
    list.resize(in_.count(1));
    for (T& element : list) take(element);
  }
  template <class T>
  void take(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = in_.number<uint8_t>() != 0;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(in_.number<std::underlying_type_t<T>>());
    } else if constexpr (std::is_arithmetic_v<T>) {
      value = in_.number<T>();
    } else {
      fields_of(*this, value);
    }
  }

  ByteReader in_;
};

// The fields of each struct, once for both directions.
template <class Value, class T>
concept Of = std::same_as<std::remove_const_t<Value>, T>;

template <class Archive>
void fields_of(Archive& a, Of<JoinRequest> auto& v) {
  a(v.version, v.job, v.node);
}
template <class Archive>
void fields_of(Archive& a, Of<JoinReply> auto& v) {
  a(v.payload, v.monitoring, v.resources, v.is_busy);
}
template <class Archive>
void fields_of(Archive& a, Of<PlacedShell> auto& v) {
  a(v.number, v.actor, v.replica, v.node);
}
template <class Archive>
void fields_of(Archive& a, Of<NodeAddress> auto& v) {
  a(v.node, v.payload);
}
template <class Archive>
void fields_of(Archive& a, Of<PlaceRequest> auto& v) {
  a(v.plan_yaml, v.shells, v.known, v.nodes, v.start, v.first_step);
}
template <class Archive>
void fields_of(Archive& a, Of<ClearRequest> auto& v) {
  a(v.below);
}
template <class Archive>
void fields_of(Archive& a, Of<Lane> auto& v) {
  a(v.id, v.producer, v.consumer, v.edge, v.share, v.from_port, v.to_port, v.capacity_items,
    v.capacity_bytes, v.back, v.lossy, v.open);
}
template <class Archive>
void fields_of(Archive& a, Of<ShellOrder> auto& v) {
  a(v.kind, v.lane, v.edge, v.peer);
}
template <class Archive>
void fields_of(Archive& a, Of<ActorStatus> auto& v) {
  a(v.actor, v.kind, v.replica, v.items, v.sent_items, v.skipped_items, v.errors, v.queued_items,
    v.busy_s, v.starved_s, v.blocked_s, v.paused_s);
}
template <class Archive>
void fields_of(Archive& a, Of<SentOnEdge> auto& v) {
  a(v.edge, v.items, v.in_flight, v.dropped);
}
template <class Archive>
void fields_of(Archive& a, Of<ShellCounts> auto& v) {
  a(v.shell, v.status, v.edges);
}
template <class Archive>
void fields_of(Archive& a, Of<LogLine> auto& v) {
  a(v.level, v.component, v.text);
}
template <class Archive>
void fields_of(Archive& a, Of<NodeReport> auto& v) {
  a(v.kind, v.shell, v.lane, v.flag, v.code, v.text, v.name, v.all, v.lines);
}

template <class T>
std::string write(const T& value) {
  Writer writer;
  fields_of(writer, value);
  return writer.take();
}

}  // namespace

std::string to_wire(const JoinRequest& value) { return write(value); }
std::string to_wire(const JoinReply& value) { return write(value); }
std::string to_wire(const PlaceRequest& value) { return write(value); }
std::string to_wire(const ClearRequest& value) { return write(value); }
std::string to_wire(const ShellOrder& value) { return write(value); }
std::string to_wire(const NodeReport& value) { return write(value); }

template <class T>
T from_wire(const std::string& text) {
  T out;
  Reader reader(text);
  fields_of(reader, out);
  reader.finish();
  return out;
}
template JoinRequest from_wire(const std::string& text);
template JoinReply from_wire(const std::string& text);
template PlaceRequest from_wire(const std::string& text);
template ClearRequest from_wire(const std::string& text);
template ShellOrder from_wire(const std::string& text);
template NodeReport from_wire(const std::string& text);

}  // namespace arno::graph
