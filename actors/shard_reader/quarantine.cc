// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/quarantine.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace arno::actors {

Quarantine::Quarantine(const std::filesystem::path& run)
    : file_(run / "quarantine.jsonl", "quarantine") {
  std::ifstream earlier(run / "quarantine.jsonl");
  for (std::string line; std::getline(earlier, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("source") || !entry.contains("index")) continue;
    known_.emplace(entry.value("source", ""), entry.value("index", uint64_t{0}));
  }
}

bool Quarantine::add(const std::string& source, uint64_t index, const std::string& cause,
                     const std::string& detail) {
  if (!known_.emplace(source, index).second) return false;
  const nlohmann::json entry{
      {"source", source}, {"index", index}, {"cause", cause}, {"detail", detail}};
  file_.add(entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return true;
}

}  // namespace arno::actors
