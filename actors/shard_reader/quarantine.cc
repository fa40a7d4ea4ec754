// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/quarantine.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/log.h"

namespace arno::actors {

Quarantine::Quarantine(const std::filesystem::path& run) : path_(run / "quarantine.jsonl") {
  std::ifstream earlier(path_);
  for (std::string line; std::getline(earlier, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("source") || !entry.contains("index")) continue;
    known_.emplace(entry.value("source", ""), entry.value("index", uint64_t{0}));
  }
  file_.reset(std::fopen(path_.c_str(), "a"));
  ARNO_CHECK(file_, Errc::io_failed, "{}: cannot be written: {}", path_.string(),
             std::strerror(errno));
}

bool Quarantine::add(const std::string& source, uint64_t index, const std::string& cause,
                     const std::string& detail) {
  if (!known_.emplace(source, index).second) return false;
  const nlohmann::json entry{
      {"source", source}, {"index", index}, {"cause", cause}, {"detail", detail}};
  const std::string line =
      entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() ||
      std::fflush(file_.get()) != 0) {
    log::warn("quarantine", "{}: {}", path_.string(), std::strerror(errno));
  }
  return true;
}

}  // namespace arno::actors
