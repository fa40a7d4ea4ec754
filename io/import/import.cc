// SPDX-License-Identifier: Apache-2.0
#include "io/import/import.h"

#include <fmt/format.h>

#include <array>

namespace arno::io {

std::span<const Importer> importers() {
  static constexpr std::array kImporters = {
      Importer{"fashion-mnist", "70,000 gray pictures of clothes in ten classes (MIT licence)",
               &import_fashion_mnist},
      Importer{"noto-emoji", "3,600 emoji with their English names and keywords (OFL 1.1)",
               &import_noto_emoji},
      Importer{"openclipart", "4,000 drawings with titles and keywords (public domain)",
               &import_openclipart},
      Importer{"tuxpaint", "1,000 photographs and drawings with a sentence each (GPL 2)",
               &import_tuxpaint},
  };
  return kImporters;
}

std::string ImportReport::to_text() const {
  std::string text =
      fmt::format("{}: {}\n", importer, reused ? "already complete, nothing written" : "imported");
  for (const SplitReport& split : splits) {
    text += fmt::format("  {:<6} {:>6} samples in {} shards, {:.1f} MB\n", split.name,
                        split.samples, split.shards, static_cast<double>(split.bytes) * 1e-6);
  }
  text += fmt::format("  texts  {:>6}, {} unique, {} of them on more than one picture\n", texts,
                      unique_texts, shared_texts);
  for (const auto& [cause, count] : dropped) {
    text += fmt::format("  dropped {:>5} {}\n", count, cause);
  }
  return text;
}

}  // namespace arno::io
