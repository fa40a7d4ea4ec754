// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "common/hash.h"
#include "ops/autograd/variable.h"
#include "ops/comm/communicator.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// A label for each text, the same for equal hashes: 0, 1, ... in order of first appearance.
std::vector<int32_t> assign_labels(std::span<const Hash128> texts);

/// The loss of a batch and its gradients.
struct UniclLossResult {
  double loss = 0;
  double floor = 0;   ///< the least value the loss can have: mean log of the positives' number
  Tensor grad_image;  ///< as image
  Tensor grad_text;   ///< as text
  double grad_log_temperature = 0;
};

/// How much of the logit matrix exists at once; the loss does not depend on it.
struct UniclLossOptions {
  int64_t row_block = 256;  ///< rows of the logit matrix that exist at once
};

/// The bidirectional contrastive loss with several positives (Florence, Eq. 1-3; UniCL: Yang et
/// al. 2022), averaged over the batch and over both directions, which is Florence's sum divided by
/// 2 N. With s = e^a image text^T, a the log temperature, and P(i) = {k: label_k = label_i}:
///     loss = -1/(2 N) sum_i 1/|P(i)| sum_{k in P(i)} [log softmax_row(s)_ik + log
///     softmax_col(s)_ki]
/// Gradient in closed form: G = (softmax_row(s) + softmax_col(s) - 2 T) / (2 N), T_ij =
/// [label_i = label_j] / |P(i)|; grad_image = e^a G text, grad_text = e^a G^T image, grad_a =
/// sum G s. The N x N matrix never exists as a whole: two sweeps over blocks of rows.
/// Shapes: image, text [N, D], labels [N], N >= 1. Dtypes f32 or f64; sums over the batch in f64.
/// Throws shape_mismatch, dtype_mismatch, invalid_argument.
UniclLossResult unicl_loss_and_gradient(const Tensor& image, const Tensor& text,
                                        std::span<const int32_t> labels, double log_temperature,
                                        UniclLossOptions options = {});

/// The same over a group whose ranks hold equal numbers of rows of one batch, in rank order. Every
/// rank gets the loss and the floor of the whole batch, the exact gradients of its own rows, and a
/// share of grad_log_temperature: the sum of the shares over the ranks is the gradient. Labels are
/// those of the whole batch. Only texts travel: each rank computes the logits of its own images
/// with all texts, log sums of the columns are merged, and the gradients of texts are summed.
UniclLossResult unicl_loss_and_gradient(const Tensor& image, const Tensor& text,
                                        std::span<const int32_t> labels, double log_temperature,
                                        Communicator& group, UniclLossOptions options = {});

/// That of one process on the tape; log_temperature is a scalar [].
Variable unicl_loss(const Variable& image, const Variable& text, std::span<const int32_t> labels,
                    const Variable& log_temperature, UniclLossOptions options = {});

/// Sampled with distinct and shared labels, in blocks smaller and larger than the batch.
const OpDef& unicl_loss_def();

}  // namespace arno::ops
