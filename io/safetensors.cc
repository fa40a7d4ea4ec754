// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "common/error.h"
#include "io/atomic_file.h"
#include "io/byte_source.h"

namespace arno::io {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

constexpr uint64_t kMaxHeader = 100'000'000;  // the reference implementation's limit
constexpr std::string_view kMetadata = "__metadata__";

struct DTypeName {
  ops::DType dtype;
  std::string_view name;
};
constexpr std::array kDTypes{DTypeName{ops::DType::f64, "F64"},   DTypeName{ops::DType::f32, "F32"},
                             DTypeName{ops::DType::bf16, "BF16"}, DTypeName{ops::DType::i64, "I64"},
                             DTypeName{ops::DType::i32, "I32"},   DTypeName{ops::DType::u8, "U8"}};

std::string_view name_of(ops::DType dtype) {
  return std::ranges::find(kDTypes, dtype, &DTypeName::dtype)->name;
}

/// A tensor as the header describes it.
struct Entry {
  std::string name;
  ops::DType dtype = ops::DType::f32;
  ops::Shape shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// Reads the header; every check names the file.
class HeaderParser {
 public:
  HeaderParser(std::string file, uint64_t data_size)
      : file_(std::move(file)), data_size_(data_size) {}

  std::vector<Entry> parse(std::string_view text, std::map<std::string, std::string>& metadata) {
    // A repeated key would silently win over the first one.
    std::set<std::string> keys;
    const auto on_event = [&](int depth, nlohmann::json::parse_event_t event,
                              nlohmann::json& parsed) {
      if (depth == 1 && event == nlohmann::json::parse_event_t::key) {
        check(keys.insert(parsed.get<std::string>()).second, "names \"{}\" twice",
              parsed.get<std::string>());
      }
      check(depth <= 8, "nests deeper than a tensor list does");
      return true;
    };
    const auto header = nlohmann::json::parse(text, on_event, /*allow_exceptions=*/false);
    check(header.is_object(), "has a header that is not a JSON object");
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadata) {
        read_metadata(value, metadata);
      } else {
        entries.push_back(read_entry(name, value));
      }
    }
    check_coverage(entries);
    return entries;
  }

 private:
  template <class... Args>
  void check(bool condition, fmt::format_string<Args...> format, Args&&... args) const {
    if (condition) return;
    fail(Errc::data_corrupt, "{}: {}", file_, fmt::format(format, std::forward<Args>(args)...));
  }

  void read_metadata(const nlohmann::json& value, std::map<std::string, std::string>& out) const {
    check(value.is_object(), "has metadata that is not a map of texts");
    for (const auto& [key, text] : value.items()) {
      check(text.is_string(), "has metadata \"{}\" that is not a text", key);
      out[key] = text.get<std::string>();
    }
  }

  Entry read_entry(const std::string& name, const nlohmann::json& value) const {
    check(value.is_object() && value.contains("dtype") && value.contains("shape") &&
              value.contains("data_offsets"),
          "describes \"{}\" without dtype, shape or data_offsets", name);
    Entry entry{.name = name};
    const auto& dtype = value["dtype"];
    const auto found = std::ranges::find_if(kDTypes, [&](const DTypeName& known) {
      return dtype.is_string() && dtype.get_ref<const std::string&>() == known.name;
    });
    check(found != kDTypes.end(),
          "gives \"{}\" the dtype {}, expected F64, F32, BF16, I64, I32 or U8", name, dtype.dump());
    entry.dtype = found->dtype;
    const uint64_t elements = read_shape(value["shape"], entry);
    const auto& offsets = value["data_offsets"];
    check(offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
              offsets[1].is_number_unsigned(),
          "gives \"{}\" data_offsets {}, expected two numbers", name, offsets.dump());
    entry.begin = offsets[0].get<uint64_t>();
    entry.end = offsets[1].get<uint64_t>();
    check(entry.begin <= entry.end && entry.end <= data_size_,
          "puts \"{}\" at bytes {} to {} of {}", name, entry.begin, entry.end, data_size_);
    check(entry.end - entry.begin == elements * ops::size_of(entry.dtype),
          "gives \"{}\" {} bytes for {} {}", name, entry.end - entry.begin, name_of(entry.dtype),
          entry.shape.to_string());
    return entry;
  }

  uint64_t read_shape(const nlohmann::json& value, Entry& entry) const {
    check(value.is_array() && value.size() <= ops::Shape::kMaxRank,
          "gives \"{}\" a shape that is not a list of at most {} numbers", entry.name,
          ops::Shape::kMaxRank);
    std::vector<int64_t> dims;
    uint64_t elements = 1;
    for (const auto& extent : value) {
      check(extent.is_number_unsigned() && extent.get<uint64_t>() <= data_size_,
            "gives \"{}\" the extent {} in {} bytes of data", entry.name, extent.dump(),
            data_size_);
      const auto count = extent.get<uint64_t>();
      check(count == 0 || elements <= data_size_ / count, "gives \"{}\" more elements than bytes",
            entry.name);
      elements *= count;
      dims.push_back(static_cast<int64_t>(count));
    }
    entry.shape = ops::Shape(dims);
    return elements;
  }

  void check_coverage(std::vector<Entry>& entries) const {
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    uint64_t expected = 0;
    for (const Entry& entry : entries) {
      check(entry.begin == expected, "puts \"{}\" at byte {}, expected {}: gap or overlap",
            entry.name, entry.begin, expected);
      expected = entry.end;
    }
    check(expected == data_size_, "describes {} bytes of data, holds {}", expected, data_size_);
  }

  std::string file_;
  uint64_t data_size_;
};

TensorFile read_from(const ByteSource& source, const std::string& name) {
  uint64_t header_size = 0;
  const auto corrupt = [&](bool condition, std::string_view what) {
    ARNO_CHECK(condition, Errc::data_corrupt, "{}: {}", name, what);
  };
  corrupt(source.read_at(0, std::as_writable_bytes(std::span(&header_size, 1))) == 8,
          "is shorter than a safetensors header");
  corrupt(header_size <= kMaxHeader && header_size <= source.size() - 8,
          "has a header longer than the file: not a safetensors file");
  std::string header(header_size, '\0');
  corrupt(source.read_at(8, std::as_writable_bytes(std::span(header))) == header_size,
          "ends inside its header");
  const uint64_t data_start = 8 + header_size;
  TensorFile out;
  for (const Entry& entry :
       HeaderParser(name, source.size() - data_start).parse(header, out.metadata)) {
    ops::Tensor value = ops::Tensor::empty(entry.shape, entry.dtype);
    const size_t read =
        source.read_at(data_start + entry.begin, {value.mutable_raw(), value.size_bytes()});
    corrupt(read == value.size_bytes(), "became shorter while it was read");
    out.tensors.push_back({entry.name, std::move(value)});
  }
  return out;
}

}  // namespace

const ops::Tensor* TensorFile::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &StoredTensor::name);
  return found == tensors.end() ? nullptr : &found->value;
}

void write_safetensors(const std::filesystem::path& path, std::span<const StoredTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, value] : tensors) {
    ARNO_CHECK(!header.contains(name), Errc::invalid_argument,
               "[safetensors] the tensor \"{}\" is given twice", name);
    const uint64_t end = offset + value.size_bytes();
    header[name] = {{"dtype", name_of(value.dtype())},
                    {"shape", value.shape().dims()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the elements are aligned
  const uint64_t size = text.size();
  AtomicFile file(path);
  file.append(std::as_bytes(std::span(&size, 1)));
  file.append(text);
  for (const StoredTensor& tensor : tensors) {
    file.append(std::span(tensor.value.raw(), tensor.value.size_bytes()));
  }
  file.commit();
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  return read_from(*open_file(path), path.string());
}

TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  return read_from(*view_bytes(bytes), name);
}

}  // namespace arno::io
