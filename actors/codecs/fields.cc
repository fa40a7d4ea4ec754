// SPDX-License-Identifier: Apache-2.0
#include "actors/codecs/fields.h"

namespace arno::actors {

using graph::PartReader;
using graph::PartWriter;

void write_id(const SampleId& id, PartWriter& out) {
  out.fields().number(id.slot);
  out.fields().number(id.source);
  out.fields().number(id.attempt);
  out.fields().number(id.index);
  out.fields().number(id.key.value());
  write_time(id.read_at, out);
}

SampleId read_id(PartReader& in) {
  SampleId out;
  out.slot = in.fields().number<uint64_t>();
  out.source = in.fields().number<uint32_t>();
  out.attempt = in.fields().number<uint32_t>();
  out.index = in.fields().number<uint64_t>();
  out.key = RandomKey(in.fields().number<uint64_t>());
  out.read_at = read_time(in);
  return out;
}

void write_time(std::chrono::steady_clock::time_point time, PartWriter& out) {
  const std::chrono::nanoseconds age = std::chrono::steady_clock::now() - time;
  out.fields().number(static_cast<int64_t>(age.count()));
}

std::chrono::steady_clock::time_point read_time(PartReader& in) {
  constexpr int64_t kLongest = int64_t{1} << 61;  // ns, 73 years: no clock overflows
  const auto age = in.fields().number<int64_t>();
  in.check(age >= 0 && age <= kLongest, "an age of {} ns", age);
  return std::chrono::steady_clock::now() - std::chrono::nanoseconds(age);
}

void write_hash(const Hash128& hash, PartWriter& out) {
  out.fields().number(hash.high);
  out.fields().number(hash.low);
}

Hash128 read_hash(PartReader& in) {
  Hash128 out;
  out.high = in.fields().number<uint64_t>();
  out.low = in.fields().number<uint64_t>();
  return out;
}

void write_texts(const std::vector<std::string>& texts, PartWriter& out) {
  out.fields().number(static_cast<uint32_t>(texts.size()));
  for (const std::string& text : texts) out.fields().text(text);
}

std::vector<std::string> read_texts(PartReader& in) {
  std::vector<std::string> out(in.fields().count(sizeof(uint32_t)));
  in.check(!out.empty(), "a sample without texts");
  for (std::string& text : out) text = in.fields().text();
  return out;
}

ops::Tensor read_square_image(PartReader& in) {
  ops::Tensor out =
      in.tensor({.name = "image", .dtypes = {ops::DType::f32}, .shape = {{-1, -1, 3}}});
  in.check(out.dim(0) == out.dim(1) && out.dim(0) >= 1, "image is {}, expected a square",
           out.describe());
  return out;
}

}  // namespace arno::actors
