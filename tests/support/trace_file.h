// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace arno::testing {

/// A trace as its reader sees it. The times are in microseconds.
struct TraceFile {
  struct Span {
    std::string name;
    double begin = 0;
    double end = 0;
    nlohmann::json args;
  };
  std::string process;
  std::map<std::string, std::vector<Span>> tracks;  ///< by name; spans in the file's order

  /// Throws what the parser throws when the text is not JSON.
  static TraceFile parse(const std::string& text);
  static TraceFile read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return parse({std::istreambuf_iterator<char>(file), {}});
  }
};

inline TraceFile TraceFile::parse(const std::string& text) {
  TraceFile out;
  std::map<int, std::string> names;
  for (const nlohmann::json& event : nlohmann::json::parse(text)) {
    const int track = event.at("tid");
    if (event.at("name") == "process_name") out.process = event["args"]["name"];
    if (event.at("name") == "thread_name") {
      names[track] = event["args"]["name"];
      out.tracks[names[track]];
    }
    if (event.at("ph") != "X") continue;
    const double begin = event.at("ts");
    out.tracks.at(names.at(track))
        .push_back({.name = event["name"],
                    .begin = begin,
                    .end = begin + event.at("dur").get<double>(),
                    .args = event.value("args", nlohmann::json::object())});
  }
  return out;
}

}  // namespace arno::testing
