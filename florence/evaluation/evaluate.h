// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "florence/evaluation/protocols.h"
#include "florence/model/florence_model.h"
#include "florence/prompts/prompt_templates.h"
#include "florence/training/snapshot.h"
#include "io/bpe_tokenizer.h"
#include "io/shard_set.h"

namespace arno::florence {

/// The model of a snapshot, for inference. Throws data_corrupt when the weights do not fit their
/// own description.
std::unique_ptr<FlorenceModel> model_of(const Snapshot& snapshot);

/// Embeddings of the images of a shard set, and what was read along with them.
struct ImageEmbeddings {
  ops::Tensor features;                         ///< f32 [N, D], unit rows
  std::vector<uint64_t> samples;                ///< [N]: number of each in the shard set
  std::vector<std::string> names;               ///< [N]
  std::vector<std::vector<std::string>> texts;  ///< [N]
  std::vector<int64_t> labels;                  ///< [N]; -1 without a class
  int64_t skipped = 0;                          ///< samples that could not be used
};

/// Which images are embedded, and how many at once.
struct EmbedOptions {
  int64_t batch_size = 64;
  int64_t max_images = 0;  ///< 0: all; else that many, spread evenly
};

/// Embeds the images: short side resized to the model's resolution (bicubic), centre crop.
ImageEmbeddings embed_images(const FlorenceModel& model, const io::ShardSet& shards,
                             const EmbedOptions& options = {});

/// Unit rows f32 [n, D].
ops::Tensor embed_texts(const FlorenceModel& model, const io::BpeTokenizer& tokenizer,
                        const std::vector<std::string>& texts, int64_t batch_size = 64);

/// One unit row for each class: the mean of its templated texts' embeddings (template ensembling,
/// Radford et al. 2021, section 3.1.4).
ops::Tensor embed_classes(const FlorenceModel& model, const io::BpeTokenizer& tokenizer,
                          const std::vector<std::string>& names, const PromptTemplates& templates);

/// Zero-shot classification of a shard set with class names. Throws invalid_argument without them.
ZeroShotResult evaluate_zero_shot(const FlorenceModel& model, const io::BpeTokenizer& tokenizer,
                                  const io::ShardSet& shards, const PromptTemplates& templates,
                                  const EmbedOptions& options = {});

/// Which texts of an image take part in retrieval.
enum class RetrievalTexts {
  primary,  ///< the first one
  all,      ///< every one
};

/// An image that a text found, by its number in the shard set.
struct FoundImage {
  uint64_t sample = 0;
  bool right = false;
};

/// A text and the images nearest to it.
struct FoundImages {
  std::string text;
  int64_t rank = 0;                ///< from 1: of the first right image
  std::vector<FoundImage> images;  ///< nearest first
};

/// The figures of a retrieval, and what some texts found.
struct RetrievalEvaluation {
  RetrievalResult result;
  std::vector<FoundImages> examples;  ///< of a few texts, evenly chosen
};

/// Retrieval between the images of a shard set and their texts. Equal texts are one candidate, and
/// right for each of their images.
RetrievalEvaluation evaluate_retrieval(const FlorenceModel& model,
                                       const io::BpeTokenizer& tokenizer,
                                       const io::ShardSet& shards, RetrievalTexts which,
                                       const EmbedOptions& options = {});

}  // namespace arno::florence
