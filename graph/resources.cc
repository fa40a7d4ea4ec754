// SPDX-License-Identifier: Apache-2.0
#include "graph/resources.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "common/error.h"
#include "monitoring/gpu_metrics.h"

namespace arno::graph {
namespace {

constexpr const char* kExpected = "expected name=count, as in cpu=4,gpu=1";

void add_entry(Resources& out, const std::string& entry) {
  const size_t equals = entry.find('=');
  ARNO_CHECK(equals != std::string::npos, Errc::config_invalid, "found \"{}\", {}", entry,
             kExpected);
  const std::string name = entry.substr(0, equals);
  const std::string count = entry.substr(equals + 1);
  ARNO_CHECK(is_resource_name(name), Errc::config_invalid,
             "found the name \"{}\", expected a small letter, then small letters, digits and _",
             name);
  ARNO_CHECK(!out.contains(name), Errc::config_invalid, "found {} twice, expected it once", name);
  int64_t& value = out[name];
  const char* const end = count.data() + count.size();
  const auto parsed = std::from_chars(count.data(), end, value);
  ARNO_CHECK(
      parsed.ec == std::errc() && parsed.ptr == end && value >= 0 && value <= kMostOfResource,
      Errc::config_invalid, "found {}={}, expected a count from 0 to {}", name, count,
      kMostOfResource);
}

}  // namespace

bool is_resource_name(const std::string& text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string to_text(const Resources& resources) {
  std::string out;
  for (const auto& [name, count] : resources) {
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", name, count);
  }
  return out.empty() ? "nothing" : out;
}

Resources parse_resources(const std::string& text) {
  ARNO_CHECK(!text.empty(), Errc::config_invalid, "found nothing, {}", kExpected);
  Resources out;
  for (size_t from = 0; from <= text.size();) {
    const size_t comma = std::min(text.find(',', from), text.size());
    add_entry(out, text.substr(from, comma - from));
    from = comma + 1;
  }
  return out;
}

void add(Resources& sum, const Resources& more) {
  for (const auto& [name, count] : more) sum[name] += count;
}

int64_t count_of(const Resources& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() ? 0 : found->second;
}

Resources resources_of_machine() {
  return {{"cpu", std::max<int64_t>(1, std::thread::hardware_concurrency())},
          {"gpu", monitoring::gpu_count()}};
}

}  // namespace arno::graph
