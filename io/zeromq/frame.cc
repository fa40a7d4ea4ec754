// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/frame.h"

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "common/error.h"

namespace arno::io {
namespace {

constexpr uint32_t kMagic = 0x4f4e5241;  // "ARNO"
constexpr std::string_view kWhat = "frame header";

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// What holds for every message, whoever wrote it.
void check_message(const Message& message, Errc code) {
  const auto kind = static_cast<uint16_t>(message.kind);
  ARNO_CHECK(kind >= 1 && kind <= 5, code, "{}: kind {}, expected 1 to 5", kWhat, kind);
  const bool on_lane = message.kind >= MessageKind::deliver;
  ARNO_CHECK(!on_lane || message.lane >= 0, code, "{}: lane {}, expected at least 0", kWhat,
             message.lane);
  ARNO_CHECK(message.bytes >= 0, code, "{}: an item of {} bytes", kWhat, message.bytes);
  const bool needs_name = !on_lane || message.kind == MessageKind::deliver;
  ARNO_CHECK(message.name.size() <= kMaxNameBytes && (!needs_name || !message.name.empty()), code,
             "{}: a name of {} bytes, expected {} to {}", kWhat, message.name.size(),
             needs_name ? 1 : 0, kMaxNameBytes);
  ARNO_CHECK(message.detail.size() <= kMaxDetailBytes, code,
             "{}: a detail of {} bytes, expected at most {}", kWhat, message.detail.size(),
             kMaxDetailBytes);
  ARNO_CHECK(is_printable(message.name) && is_printable(message.detail), code,
             "{}: a text with control characters", kWhat);
  ARNO_CHECK(message.parts.size() <= kMaxParts, code, "{}: {} parts, expected at most {}", kWhat,
             message.parts.size(), kMaxParts);
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_parts(ByteReader& in, uint32_t announced, std::span<const SharedBytes> parts) {
  ARNO_CHECK(announced == parts.size(), Errc::data_corrupt, "{}: announces {} parts, {} came",
             kWhat, announced, parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto length = in.number<uint64_t>();
    ARNO_CHECK(length == parts[i].size(), Errc::data_corrupt,
               "{}: announces {} bytes of part {}, {} came", kWhat, length, i, parts[i].size());
  }
}

/// After magic and version.
Message read_fields(ByteReader& in, std::vector<SharedBytes> parts) {
  Message out;
  out.kind = static_cast<MessageKind>(in.number<uint16_t>());
  out.lane = in.number<int32_t>();
  out.generation = in.number<uint64_t>();
  out.number = in.number<uint64_t>();
  out.bytes = in.number<int64_t>();
  out.tag.slot = in.number<int64_t>();
  out.tag.step = in.number<int64_t>();
  const auto name_bytes = in.number<uint16_t>();
  const auto detail_bytes = in.number<uint16_t>();
  const auto part_count = in.number<uint32_t>();
  out.name = text_of(in.raw(name_bytes));
  out.detail = text_of(in.raw(detail_bytes));
  check_parts(in, part_count, parts);
  in.finish();
  out.parts = std::move(parts);
  check_message(out, Errc::data_corrupt);
  return out;
}

}  // namespace

std::vector<std::byte> encode_header(const Message& message) {
  check_message(message, Errc::invalid_argument);
  ByteWriter out;
  out.number(kMagic);
  out.number(kFrameVersion);
  out.number(static_cast<uint16_t>(message.kind));
  out.number(message.lane);
  out.number(message.generation);
  out.number(message.number);
  out.number(message.bytes);
  out.number(message.tag.slot);
  out.number(message.tag.step);
  out.number(static_cast<uint16_t>(message.name.size()));
  out.number(static_cast<uint16_t>(message.detail.size()));
  out.number(static_cast<uint32_t>(message.parts.size()));
  out.raw(std::as_bytes(std::span(message.name)));
  out.raw(std::as_bytes(std::span(message.detail)));
  for (const SharedBytes& part : message.parts) out.number(static_cast<uint64_t>(part.size()));
  return out.take();
}

std::variant<Message, FrameFault> parse_message(std::span<const std::byte> header,
                                                std::vector<SharedBytes> parts) {
  try {
    ByteReader in(header, kWhat);
    const auto magic = in.number<uint32_t>();
    ARNO_CHECK(magic == kMagic, Errc::data_corrupt, "{}: begins with {:08x}, expected {:08x}",
               kWhat, magic, kMagic);
    const auto version = in.number<uint16_t>();
    if (version != kFrameVersion) {
      return FrameFault{.text = fmt::format("speaks version {} of the payload frames, expected {}",
                                            version, kFrameVersion),
                        .other_version = true};
    }
    return read_fields(in, std::move(parts));
  } catch (const Error& error) {
    return FrameFault{.text = error.what()};
  }
}

}  // namespace arno::io
