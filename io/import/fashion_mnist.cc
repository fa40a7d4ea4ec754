// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "common/error.h"
#include "io/detail/gunzip.h"
#include "io/image/encode.h"
#include "io/image/image.h"
#include "io/import/detail/idx.h"
#include "io/import/detail/import_job.h"
#include "io/import/import.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using detail::IdxArray;
using detail::ImportJob;

constexpr size_t kMaxBytes = size_t{256} << 20;
constexpr std::string_view kPackage = "dataset-fashion-mnist";

const detail::ImportSource& source() {
  static const detail::ImportSource kSource = {
      .name = "fashion-mnist",
      .licence = "MIT",
      .splits = {"train", "test"},
      .class_names = {"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                      "sneaker", "bag", "ankle boot"}};
  return kSource;
}

/// The two files of a split.
struct SplitFiles {
  std::string split;
  fs::path images;
  fs::path labels;
};

SplitFiles find_files(detail::InputFiles& inputs, std::string split, std::string_view prefix) {
  const auto path = [&](std::string_view rest) {
    return inputs.file(fmt::format("usr/share/datasets/fashion-mnist/{}-{}.gz", prefix, rest),
                       kPackage);
  };
  return {std::move(split), path("images-idx3-ubyte"), path("labels-idx1-ubyte")};
}

IdxArray read_idx(const fs::path& path, size_t dimensions) {
  const std::string packed = read_file(path, kMaxBytes);
  return detail::parse_idx(detail::gunzip(packed, kMaxBytes, path.string()), dimensions,
                           path.string());
}

std::string encode_picture(const IdxArray& images, int64_t index) {
  Image image = Image::zeros(static_cast<int>(images.shape[1]), static_cast<int>(images.shape[2]),
                             /*channels=*/1);
  const auto size = static_cast<int64_t>(image.pixels.size());
  const auto first = images.values.begin() + index * size;
  std::copy(first, first + size, image.pixels.begin());
  const std::vector<std::byte> png = encode_png(image);
  return {reinterpret_cast<const char*>(png.data()), png.size()};
}

void import_split(const SplitFiles& files, ImportJob& job) {
  const IdxArray images = read_idx(files.images, 3);
  const IdxArray labels = read_idx(files.labels, 1);
  const int64_t count = images.shape[0];
  ARNO_CHECK(labels.shape[0] == count, Errc::data_corrupt,
             "[import] {}: {} labels, expected one for each of the {} pictures of {}",
             files.labels.string(), labels.shape[0], count, files.images.string());
  const std::vector<std::string>& names = source().class_names;
  for (int64_t i = 0; i < count && !job.is_full(files.split); ++i) {
    const auto label = static_cast<uint8_t>(labels.values[static_cast<size_t>(i)]);
    ARNO_CHECK(label < names.size(), Errc::data_corrupt,
               "[import] {}: label {} is {}, expected 0..{}", files.labels.string(), i, label,
               names.size() - 1);
    job.add(files.split, {.key = fmt::format("fashion-mnist-{}-{:05}", files.split, i),
                          .png = encode_picture(images, i),
                          .texts = {names[label]},
                          .class_id = label,
                          .file = fmt::format("{}[{}]", files.images.filename().string(), i)});
  }
}

}  // namespace

ImportReport import_fashion_mnist(const ImportOptions& options) {
  detail::InputFiles inputs(options.root);
  const SplitFiles train = find_files(inputs, "train", "train");
  const SplitFiles test = find_files(inputs, "test", "t10k");
  return detail::run_import(source(), options, inputs, [&](ImportJob& job) {
    import_split(train, job);
    import_split(test, job);
  });
}

}  // namespace arno::io
