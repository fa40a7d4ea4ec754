// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "florence/model/model_slice.h"
#include "florence/training/training_batch.h"

namespace arno::florence {

/// Rows that are computed together.
struct RowPart {
  int64_t start = 0;
  int64_t length = 0;
  bool counts = true;  ///< false: rows of another part once more, for company
};

/// [0, count) in parts of at most `most` rows; at least `number` parts, the last of which counts.
std::vector<RowPart> parts_of(int64_t count, int64_t most, int64_t number = 1);

/// Whether batches of so many samples are computed in parts.
inline bool is_in_parts(int64_t batch_size, int64_t micro_batch) {
  return micro_batch > 0 && micro_batch < batch_size;
}

/// One part of one tower.
struct Turn {
  Tower tower = Tower::image;
  size_t part = 0;
};

/// The order in which the parts of both towers are computed: in turns, so that neither tower waits
/// for all of the other one. They end together, images first, however few the texts are: replicas
/// have different numbers of texts, and the last part of a tower is when they sum its gradients.
std::vector<Turn> turns_of(size_t images, size_t texts);

/// Rows of one tower of a batch, on their way through the slices of a pipeline. Complete in itself:
/// a slice needs nothing else of the batch.
struct MicroBatch {
  Tower tower = Tower::image;
  int64_t step = 0;    ///< from 0
  int64_t number = 0;  ///< from 0: of the tower's parts in the step
  int64_t count = 1;   ///< of them
  /// Backward follows. False: features are made, and the part comes once more (GradCache).
  bool taped = true;
  /// For the next slice (FlorenceModel::forward_image, forward_text). Undefined before the first
  /// slice of texts.
  ops::Tensor input;
  std::vector<RandomKey> keys;  ///< of the images
  PackedTexts texts;            ///< of the text tower

  size_t size_bytes() const;
};

/// The gradient of what a slice gave for a micro-batch.
struct ActivationGradient {
  Tower tower = Tower::image;
  int64_t step = 0;
  int64_t number = 0;
  ops::Tensor grad;  ///< as the next slice's input
};

/// The parts of a batch in the order in which a pipeline takes them, that of turns_of(). When
/// the batch is computed in parts: all of them without a tape, then all of them with one. Shares
/// the batch.
std::vector<MicroBatch> micro_batches_of(const TrainingBatch& batch, int64_t micro_batch);

}  // namespace arno::florence
