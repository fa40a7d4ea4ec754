// SPDX-License-Identifier: Apache-2.0
#include "florence/evaluation/evaluate.h"

#include <algorithm>
#include <cmath>

#include "common/numbering.h"
#include "florence/model/stored_config.h"
#include "io/image/decode.h"
#include "io/image/resize.h"

namespace arno::florence {
namespace {

/// Decodes one image into `out` [S, S, 3]; false when it cannot be decoded.
bool load_image(const io::RawSample& sample, int side, std::span<float> out) {
  const io::DecodeResult result = io::decode_center(sample.image, side);
  if (!result.image) return false;
  io::resize_crop_normalize(
      *result.image, result.window,
      {.height = side, .width = side, .interpolation = io::Interpolation::kBicubic}, {}, out);
  return true;
}

std::vector<uint64_t> chosen_samples(uint64_t size, int64_t max_images) {
  const uint64_t count =
      max_images > 0 ? std::min<uint64_t>(size, static_cast<uint64_t>(max_images)) : size;
  std::vector<uint64_t> out;
  for (uint64_t i = 0; i < count; ++i) out.push_back(i * size / count);
  return out;
}

/// Collects rows batch by batch.
class RowStack {
 public:
  void add(const ops::Tensor& rows) { parts_.push_back(rows); }

  ops::Tensor stacked(int64_t width) const {
    int64_t count = 0;
    for (const ops::Tensor& part : parts_) count += part.dim(0);
    ops::Tensor out = ops::Tensor::empty({count, width}, ops::DType::f32);
    int64_t start = 0;
    for (const ops::Tensor& part : parts_) {
      out.narrow(start, part.dim(0)).copy_from(part);
      start += part.dim(0);
    }
    return out;
  }

 private:
  std::vector<ops::Tensor> parts_;
};

}  // namespace

std::unique_ptr<FlorenceModel> model_of(const Snapshot& snapshot) {
  const FlorenceConfig config = read_stored_config(snapshot.model_yaml);
  auto model =
      std::make_unique<FlorenceModel>(config, snapshot.resolution, snapshot.window, RandomKey(0));
  model->load(snapshot.weights);
  return model;
}

ImageEmbeddings embed_images(const FlorenceModel& model, const io::ShardSet& shards,
                             const EmbedOptions& options) {
  const ops::NoGrad no_grad;
  const int64_t side = model.resolution();
  ops::Tensor batch = ops::Tensor::empty({options.batch_size, side, side, 3}, ops::DType::f32);
  ImageEmbeddings out;
  RowStack rows;
  int64_t filled = 0;
  const auto flush = [&] {
    if (filled > 0) rows.add(model.encode_image(batch.narrow(0, filled)).value());
    filled = 0;
  };
  for (const uint64_t number : chosen_samples(shards.size(), options.max_images)) {
    const auto result = shards.read(number);
    const auto* sample = std::get_if<io::RawSample>(&result);
    ops::Tensor place = batch.narrow(filled, 1);
    if (!sample || !load_image(*sample, static_cast<int>(side), place.mutable_data<float>())) {
      ++out.skipped;
      continue;
    }
    out.samples.push_back(number);
    out.names.push_back(sample->name);
    out.texts.push_back(sample->texts);
    out.labels.push_back(sample->label.value_or(-1));
    if (++filled == options.batch_size) flush();
  }
  flush();
  out.features = rows.stacked(model.config().projection_dim);
  return out;
}

ops::Tensor embed_texts(const FlorenceModel& model, const io::BpeTokenizer& tokenizer,
                        const std::vector<std::string>& texts, int64_t batch_size) {
  const ops::NoGrad no_grad;
  RowStack rows;
  const auto count = static_cast<int64_t>(texts.size());
  for (int64_t start = 0; start < count; start += batch_size) {
    std::vector<std::vector<int32_t>> tokens;
    for (int64_t i = start; i < std::min(count, start + batch_size); ++i) {
      tokens.push_back(tokenizer.encode(texts[i], model.config().context_length));
    }
    rows.add(model.encode_text(pack_texts(tokens)).value());
  }
  return rows.stacked(model.config().projection_dim);
}

ops::Tensor embed_classes(const FlorenceModel& model, const io::BpeTokenizer& tokenizer,
                          const std::vector<std::string>& names, const PromptTemplates& templates) {
  const auto count = static_cast<int64_t>(templates.size());
  const int64_t width = model.config().projection_dim;
  ops::Tensor out =
      ops::Tensor::zeros({static_cast<int64_t>(names.size()), width}, ops::DType::f32);
  float* sums = out.mutable_data<float>().data();
  for (size_t k = 0; k < names.size(); ++k) {
    std::vector<std::string> texts;
    for (int64_t t = 0; t < count; ++t) texts.push_back(templates.apply(t, names[k]));
    const ops::Tensor rows = embed_texts(model, tokenizer, texts);
    float* sum = sums + static_cast<int64_t>(k) * width;
    const float* values = rows.data<float>().data();
    for (int64_t i = 0; i < rows.numel(); ++i) sum[i % width] += values[i];
    double norm = 0;
    for (int64_t i = 0; i < width; ++i) norm += static_cast<double>(sum[i]) * sum[i];
    const auto scale = static_cast<float>(1 / std::max(1e-12, std::sqrt(norm)));
    for (int64_t i = 0; i < width; ++i) sum[i] *= scale;
  }
  return out;
}

ZeroShotResult evaluate_zero_shot(const FlorenceModel& model, const io::BpeTokenizer& tokenizer,
                                  const io::ShardSet& shards, const PromptTemplates& templates,
                                  const EmbedOptions& options) {
  ARNO_CHECK(!shards.class_names().empty(), Errc::invalid_argument,
             "[zero_shot] {} has no classnames.txt beside it",
             shards.shards().front().path.string());
  const ImageEmbeddings images = embed_images(model, shards, options);
  const auto classes = static_cast<int64_t>(shards.class_names().size());
  for (size_t i = 0; i < images.labels.size(); ++i) {
    ARNO_CHECK(images.labels[i] >= 0 && images.labels[i] < classes, Errc::data_corrupt,
               "[zero_shot] sample {} has class {}, expected one from 0 to {} in its .cls",
               images.names[i], images.labels[i], classes - 1);
  }
  ZeroShotResult result = zero_shot_accuracy(
      images.features, embed_classes(model, tokenizer, shards.class_names(), templates),
      images.labels);
  result.skipped = images.skipped;
  return result;
}

namespace {

constexpr size_t kExamples = 6;
constexpr int64_t kImagesOfExample = 5;

using Pairs = std::vector<std::pair<int32_t, int32_t>>;  ///< image, text

std::vector<FoundImages> find_examples(const ImageEmbeddings& images, const ops::Tensor& texts,
                                       const std::vector<std::string>& words, const Pairs& pairs) {
  std::vector<FoundImages> out;
  const size_t count = std::min(kExamples, words.size());
  for (size_t example = 0; example < count; ++example) {
    const auto text = static_cast<int32_t>(example * words.size() / count);
    std::vector<int32_t> right;
    for (const auto& [image, of] : pairs) {
      if (of == text) right.push_back(image);
    }
    const NearestCandidates nearest =
        nearest_candidates(texts.narrow(text, 1), images.features, right, kImagesOfExample);
    FoundImages found{.text = words[text], .rank = nearest.rank + 1};
    for (const int32_t image : nearest.candidates) {
      found.images.push_back({.sample = images.samples[image],
                              .right = std::ranges::find(right, image) != right.end()});
    }
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace

RetrievalEvaluation evaluate_retrieval(const FlorenceModel& model,
                                       const io::BpeTokenizer& tokenizer,
                                       const io::ShardSet& shards, RetrievalTexts which,
                                       const EmbedOptions& options) {
  const ImageEmbeddings images = embed_images(model, shards, options);
  Numbering<std::string> table;
  Pairs pairs;
  for (size_t i = 0; i < images.texts.size(); ++i) {
    const size_t count = which == RetrievalTexts::primary ? 1 : images.texts[i].size();
    for (size_t t = 0; t < count; ++t) {
      pairs.emplace_back(static_cast<int32_t>(i), table.number(images.texts[i][t]));
    }
  }
  const ops::Tensor texts = embed_texts(model, tokenizer, table.values());
  RetrievalEvaluation out{.result = retrieval_recall(images.features, texts, pairs),
                          .examples = find_examples(images, texts, table.values(), pairs)};
  out.result.skipped = images.skipped;
  return out;
}

}  // namespace arno::florence
