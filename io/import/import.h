// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Real image-text data out of Debian packages, written as WebDataset shards:
//
//   OUT/train/fashion-mnist-train-000000.tar   KEY.png, KEY.txt, KEY.json and, where pictures have
//   OUT/test/fashion-mnist-test-000000.tar     a class, KEY.cls
//   OUT/train/classnames.txt                   one name a line, where there are classes
//   OUT/fashion-mnist.manifest.json            written last: without it the import is not complete
//
// KEY.txt holds the primary text, KEY.json {"texts": all texts, "source", "file", "licence"}.
// Shards have the same bytes in every run over the same packages.
namespace arno::io {

/// What an importer reads and where it writes.
struct ImportOptions {
  std::filesystem::path out;         ///< folder to write; made if missing
  std::filesystem::path root = "/";  ///< where the packages are installed
  int64_t samples_per_shard = 5000;  ///< >= 1
  int64_t max_samples = 0;           ///< per split, >= 0; 0: all
};

/// One split of an import.
struct SplitReport {
  std::string name;     ///< "train" or "test"
  int64_t samples = 0;  ///< pictures written
  int64_t shards = 0;   ///< tar files
  int64_t bytes = 0;    ///< size of the tar files together
};

/// What an import gave. Texts are compared as normalize_text() makes them.
struct ImportReport {
  std::string importer;                    ///< its name in importers()
  std::vector<SplitReport> splits;         ///< in the order of writing
  std::map<std::string, int64_t> dropped;  ///< pictures and texts left out, by cause
  int64_t texts = 0;                       ///< (picture, text) pairs
  int64_t unique_texts = 0;                ///< distinct texts
  int64_t shared_texts = 0;                ///< distinct texts that more than one picture has
  bool reused = false;                     ///< the folder was complete; nothing was written

  /// A few lines for people.
  std::string to_text() const;
};

/// Every importer throws io_failed when a file of the packages is missing (the text names the file
/// and the package) or the disk fails, data_corrupt when a file is not what its format promises,
/// and invalid_argument for options out of range. A complete folder made from the same files with
/// the same options is left alone, which takes well under a second.

/// Fashion-MNIST (Xiao et al. 2017): 60,000 and 10,000 gray pictures of 28 x 28, ten classes.
ImportReport import_fashion_mnist(const ImportOptions& options);

/// The emoji of Noto Color Emoji with CLDR's English short name and keywords. About 15 % of the
/// emoji are the split "test", chosen by a hash of the name without skin tones, so that all skin
/// tones of an emoji are on one side.
ImportReport import_noto_emoji(const ImportOptions& options);

/// Drawings of the Open Clip Art Library with title and keywords; icon themes, series of computed
/// shapes and texts that say nothing about the picture are left out. About 5 % are the split
/// "test".
ImportReport import_openclipart(const ImportOptions& options);

/// Tux Paint's stamps, photographs and drawings with one sentence each: the split "test" only.
ImportReport import_tuxpaint(const ImportOptions& options);

/// A way to get data.
struct Importer {
  std::string_view name;                      ///< "fashion-mnist"
  std::string_view doc;                       ///< one line
  ImportReport (*run)(const ImportOptions&);  ///< the function above
};

/// All importers, in the order of their names.
std::span<const Importer> importers();

}  // namespace arno::io
