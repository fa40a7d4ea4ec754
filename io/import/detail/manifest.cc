// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/manifest.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "common/error.h"
#include "io/atomic_file.h"
#include "io/read_file.h"

namespace arno::io::detail {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr size_t kMaxBytes = size_t{16} << 20;

Json to_json(const ImportReport& report) {
  Json splits = Json::array();
  for (const SplitReport& split : report.splits) {
    splits.push_back({{"name", split.name},
                      {"samples", split.samples},
                      {"shards", split.shards},
                      {"bytes", split.bytes}});
  }
  return {{"importer", report.importer},         {"splits", splits},
          {"dropped", report.dropped},           {"texts", report.texts},
          {"unique_texts", report.unique_texts}, {"shared_texts", report.shared_texts}};
}

ImportReport to_report(const Json& json) {
  ImportReport report;
  report.importer = json.at("importer").get<std::string>();
  report.dropped = json.at("dropped").get<std::map<std::string, int64_t>>();
  report.texts = json.at("texts").get<int64_t>();
  report.unique_texts = json.at("unique_texts").get<int64_t>();
  report.shared_texts = json.at("shared_texts").get<int64_t>();
  for (const Json& split : json.at("splits")) {
    report.splits.push_back({split.at("name").get<std::string>(),
                             split.at("samples").get<int64_t>(), split.at("shards").get<int64_t>(),
                             split.at("bytes").get<int64_t>()});
  }
  report.reused = true;
  return report;
}

bool all_present(const fs::path& folder, const std::map<std::string, int64_t>& shards) {
  for (const auto& [name, size] : shards) {
    std::error_code error;
    const uintmax_t found = fs::file_size(folder / name, error);
    if (error || found != static_cast<uintmax_t>(size)) return false;
  }
  return true;
}

}  // namespace

void write_manifest(const fs::path& path, const std::string& fingerprint,
                    const ImportReport& report, const std::map<std::string, int64_t>& shards) {
  const Json json = {{"fingerprint", fingerprint}, {"report", to_json(report)}, {"shards", shards}};
  write_file_atomically(path, json.dump(2) + "\n");
}

std::optional<ImportReport> read_manifest(const fs::path& path, const std::string& fingerprint) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  try {
    const Json json = Json::parse(read_file(path, kMaxBytes));
    const auto shards = json.at("shards").get<std::map<std::string, int64_t>>();
    const bool same = json.at("fingerprint").get<std::string>() == fingerprint;
    if (!same || !all_present(path.parent_path(), shards)) return std::nullopt;
    return to_report(json.at("report"));
  } catch (const Json::exception&) {
    return std::nullopt;  // damaged: the import is done again
  }
}

}  // namespace arno::io::detail
