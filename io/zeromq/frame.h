// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/item_tag.h"
#include "common/shared_bytes.h"

// The messages of the payload plane as bytes. docs/frames.md is their specification for other
// languages; a change here changes it and kFrameVersion.
namespace arno::io {

/// Both ends of a connection must have the same. Covers the header and the encoding of items.
constexpr uint16_t kFrameVersion = 1;

constexpr size_t kMaxNameBytes = 255;     ///< of a node, a job or an item type
constexpr size_t kMaxDetailBytes = 4096;  ///< of a job's id or the reason of a refusal
constexpr size_t kMaxParts = 16384;       ///< of one message, besides the header

/// What a message says.
enum class MessageKind : uint16_t {
  hello = 1,          ///< first in each direction: who speaks, for which job
  refuse = 2,         ///< the speaker ends the connection: `detail` says why
  deliver = 3,        ///< an item on a lane
  acknowledge = 4,    ///< the consumer is done with items of a lane
  end_of_stream = 5,  ///< no item follows on a lane
};

/// A message between nodes. Fields that its kind does not use are sent as they stand here.
struct Message {
  MessageKind kind = MessageKind::hello;
  int32_t lane = -1;        ///< deliver, acknowledge, end_of_stream: >= 0
  uint64_t generation = 0;  ///< of the graph that the sender knows; stale ones may be dropped
  /// deliver: number of the item on its lane, from 1. acknowledge: the first so many items are
  /// done. end_of_stream: so many were sent in all.
  uint64_t number = 0;
  /// deliver: what the item counts against the lane's byte budget. acknowledge: of all items that
  /// are done. >= 0.
  int64_t bytes = 0;
  ItemTag tag;                     ///< deliver: where in the training the item belongs
  std::string name;                ///< deliver: item type; hello, refuse: node that speaks
  std::string detail;              ///< hello: id of the job; refuse: why
  std::vector<SharedBytes> parts;  ///< deliver: the item, as its codec wrote it
};

/// The header of a message: all of it but the bytes of its parts. Throws invalid_argument for what
/// parse_message() would refuse.
std::vector<std::byte> encode_header(const Message& message);

/// Why bytes are no message: an expected outcome of reading from a network.
struct FrameFault {
  std::string text;            ///< one line: what was found, what was expected
  bool other_version = false;  ///< they are a message of another version
};

/// Reads a message: the header's bytes, and the parts that came after it. Nothing is trusted:
/// every length is checked against the bytes that are there and against the limits above, names
/// and details hold no control characters. Never throws.
std::variant<Message, FrameFault> parse_message(std::span<const std::byte> header,
                                                std::vector<SharedBytes> parts);

}  // namespace arno::io
