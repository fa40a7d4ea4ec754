// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/unicl_loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "common/numbering.h"
#include "ops/core/detail/simd_math.h"
#include "ops/core/parallel.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops {
namespace {

float exponential(float x) { return detail::softmax_exp(x); }
double exponential(double x) { return std::exp(x); }

/// log(sum exp) of values that come in parts.
struct RunningLogSum {
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;

  /// Adds values of which `part_sum` is the sum of e^(value - part_max).
  void add(double part_max, double part_sum) {
    const double top = std::max(max, part_max);
    sum = sum * std::exp(max - top) + part_sum * std::exp(part_max - top);
    max = top;
  }
};

/// log(sum exp) of each row or column as max + rest. In f32 their sum would lose the digits that
/// decide the probabilities when logits are large.
template <class T>
struct LogSums {
  std::vector<T> max, rest;

  explicit LogSums(int64_t n) : max(n), rest(n) {}
  /// Stores log(e^top * sum) at i and returns it.
  double set(int64_t i, double top, double sum) {
    max[i] = static_cast<T>(top);
    rest[i] = static_cast<T>(std::log(sum));
    return top + std::log(sum);
  }
};

double in_order(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// What a rank of a group sees of a batch; alone, everything.
struct UniclRows {
  const Tensor& image;              ///< own rows [n, D]
  const Tensor& text;               ///< the whole batch [N, D]
  std::span<const int32_t> labels;  ///< of the whole batch [N]
  int64_t first = 0;                ///< of the own rows in the batch
  Communicator* group = nullptr;    ///< null: alone
};

/// The loss of one batch with elements of type T. A block of logits is some of the own rows
/// (images) of all N columns (texts).
template <class T>
class UniclLoss {
 public:
  UniclLoss(const UniclRows& rows, double log_temperature, int64_t row_block)
      : image_(rows.image),
        text_(rows.text),
        labels_(rows.labels),
        group_(rows.group),
        first_(rows.first),
        rows_(image_.dim(0)),
        n_(text_.dim(0)),
        row_block_(std::min(row_block, rows_)),
        temperature_(std::exp(log_temperature)),
        columns_(n_),
        row_log_sums_(rows_),
        column_log_sums_(n_),
        weight_(n_) {
    std::unordered_map<int32_t, int64_t> count;
    for (const int32_t label : labels_) ++count[label];
    for (int64_t i = 0; i < n_; ++i) weight_[i] = 1.0 / static_cast<double>(count[labels_[i]]);
  }

  UniclLossResult run() {
    UniclLossResult out;
    const auto batch = static_cast<double>(n_);
    double total = 0;
    for_each_block([&](int64_t start, const Tensor& logits) {
      total += sum_rows(start, logits);
      sum_columns(logits);
    });
    if (group_) merge_columns();
    for (int64_t i = 0; i < n_; ++i) {
      const double log_sum = column_log_sums_.set(i, columns_[i].max, columns_[i].sum);
      if (i >= first_ && i < first_ + rows_) total += log_sum;
      out.floor -= std::log(weight_[i]) / batch;
    }
    out.loss = (group_ ? sum_over_ranks(total) : total) / (2 * batch);
    add_gradients(out);
    if (group_) out.grad_text = group_->reduce_scatter(out.grad_text);
    return out;
  }

 private:
  /// Calls visit(first row, logits [rows, N]) for each block of rows.
  template <class Visit>
  void for_each_block(Visit visit) {
    for (int64_t start = 0; start < rows_; start += row_block_) {
      const int64_t rows = std::min(row_block_, rows_ - start);
      Tensor heated = image_.narrow(start, rows).clone();
      for (T& value : heated.mutable_data<T>()) value *= static_cast<T>(temperature_);
      Tensor logits = Tensor::empty({rows, n_}, image_.dtype());
      detail::gemm({.a = heated, .b = text_, .transpose_b = true, .out = logits});
      visit(start, logits);
    }
  }

  /// Fills row_log_sums_ for a block; returns sum_i (log sum_j e^s_ij - 2 sum_j T_ij s_ij).
  double sum_rows(int64_t start, const Tensor& logits) {
    const T* s = logits.data<T>().data();
    std::vector<double> parts(logits.dim(0));
    parallel_for(logits.dim(0), 8, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const T* row = s + r * n_;
        const int32_t label = labels_[first_ + start + r];
        T max = row[0];
#pragma omp simd reduction(max : max)
        for (int64_t j = 0; j < n_; ++j) max = std::max(max, row[j]);
        double sum = 0, aligned = 0;
#pragma omp simd reduction(+ : sum, aligned)
        for (int64_t j = 0; j < n_; ++j) {
          sum += static_cast<double>(exponential(row[j] - max));
          aligned += labels_[j] == label ? static_cast<double>(row[j]) : 0.0;
        }
        const double log_sum = row_log_sums_.set(start + r, static_cast<double>(max), sum);
        parts[r] = log_sum - 2 * weight_[first_ + start + r] * aligned;
      }
    });
    return in_order(parts);
  }

  /// Adds a block to the running sums of the columns, a strip of them at a time.
  void sum_columns(const Tensor& logits) {
    const T* s = logits.data<T>().data();
    const int64_t rows = logits.dim(0);
    parallel_for(n_, kStrip, [&](int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end; first += kStrip) {
        const int64_t width = std::min(kStrip, end - first);
        std::array<T, kStrip> max;
        std::copy_n(s + first, width, max.begin());
        for (int64_t r = 1; r < rows; ++r) {
          const T* row = s + r * n_ + first;
#pragma omp simd
          for (int64_t j = 0; j < width; ++j) max[j] = std::max(max[j], row[j]);
        }
        std::array<double, kStrip> sum{};
        for (int64_t r = 0; r < rows; ++r) {
          const T* row = s + r * n_ + first;
#pragma omp simd
          for (int64_t j = 0; j < width; ++j) {
            sum[j] += static_cast<double>(exponential(row[j] - max[j]));
          }
        }
        for (int64_t j = 0; j < width; ++j) {
          columns_[first + j].add(static_cast<double>(max[j]), sum[j]);
        }
      }
    });
  }

  /// The columns' sums over the rows of all ranks, in rank order.
  void merge_columns() {
    Tensor own = Tensor::empty({1, n_, 2}, DType::f64);
    double* to = own.mutable_data<double>().data();
    for (const RunningLogSum& column : columns_) {
      *to++ = column.max;
      *to++ = column.sum;
    }
    const Tensor all = group_->all_gather(own);
    const double* from = all.data<double>().data();
    columns_.assign(n_, {});
    for (int64_t rank = 0; rank < group_->size(); ++rank) {
      for (RunningLogSum& column : columns_) {
        column.add(from[0], from[1]);
        from += 2;
      }
    }
  }

  double sum_over_ranks(double value) {
    Tensor sum = Tensor::full({1}, DType::f64, value);
    group_->all_reduce(sum);
    return sum.data<double>()[0];
  }

  void add_gradients(UniclLossResult& out) {
    out.grad_image = Tensor::empty(image_.shape(), image_.dtype());
    out.grad_text = Tensor::zeros(text_.shape(), text_.dtype());
    Tensor part = Tensor::empty(text_.shape(), text_.dtype());
    for_each_block([&](int64_t start, Tensor& logits) {
      const int64_t rows = logits.dim(0);
      out.grad_log_temperature += to_gradient(start, logits);
      detail::gemm({.a = logits, .b = text_, .out = out.grad_image.narrow(start, rows)});
      detail::gemm(
          {.a = logits, .b = image_.narrow(start, rows), .transpose_a = true, .out = part});
      const T* from = part.data<T>().data();
      T* to = out.grad_text.mutable_data<T>().data();
      parallel_for(part.numel(), kAddGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] += from[i];
      });
    });
  }

  /// Turns logits s into e^a G; returns sum G s.
  double to_gradient(int64_t start, Tensor& logits) {
    T* s = logits.mutable_data<T>().data();
    const double scale = 1 / (2 * static_cast<double>(n_));
    const auto factor = static_cast<T>(scale * temperature_);
    std::vector<double> parts(logits.dim(0));
    parallel_for(logits.dim(0), 8, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        T* row = s + r * n_;
        const int32_t label = labels_[first_ + start + r];
        const T row_max = row_log_sums_.max[start + r], row_rest = row_log_sums_.rest[start + r];
        const auto target = static_cast<T>(2 * weight_[first_ + start + r]);
        const T* column_max = column_log_sums_.max.data();
        const T* column_rest = column_log_sums_.rest.data();
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < n_; ++j) {
          const T g = exponential(row[j] - row_max - row_rest) +
                      exponential(row[j] - column_max[j] - column_rest[j]) -
                      (labels_[j] == label ? target : T{0});
          sum += static_cast<double>(g) * static_cast<double>(row[j]);
          row[j] = g * factor;
        }
        parts[r] = sum;
      }
    });
    return in_order(parts) * scale;
  }

  static constexpr int64_t kStrip = 64;
  static constexpr int64_t kAddGrain = 1 << 14;

  const Tensor& image_;
  const Tensor& text_;
  std::span<const int32_t> labels_;
  Communicator* group_;
  int64_t first_;
  int64_t rows_;
  int64_t n_;
  int64_t row_block_;
  double temperature_;
  std::vector<RunningLogSum> columns_;
  LogSums<T> row_log_sums_;
  LogSums<T> column_log_sums_;
  std::vector<double> weight_;  ///< 1 / |P(i)|
};

void check(const Tensor& image, const Tensor& text, size_t labels, const UniclLossOptions& o) {
  ARNO_CHECK(image.rank() == 2 && image.dim(0) >= 1, Errc::shape_mismatch,
             "[unicl_loss] image has shape {}, expected [N, D]", image.shape().to_string());
  check_shape("unicl_loss", "text", text, image.shape());
  check_dtype("unicl_loss", "text", text, image.dtype());
  ARNO_CHECK(image.dtype() == DType::f32 || image.dtype() == DType::f64, Errc::dtype_mismatch,
             "[unicl_loss] image has dtype {}, expected f32 or f64", to_string(image.dtype()));
  ARNO_CHECK(static_cast<int64_t>(labels) == image.dim(0), Errc::shape_mismatch,
             "[unicl_loss] {} labels for {} images", labels, image.dim(0));
  ARNO_CHECK(o.row_block >= 1, Errc::invalid_argument, "[unicl_loss] row_block {}, expected >= 1",
             o.row_block);
}

Tensor scaled(const Tensor& tensor, double factor) {
  Tensor out = tensor.clone();
  visit_float(out.dtype(), [&]<class T>(TypeTag<T>) {
    for (T& value : out.mutable_data<T>()) {
      value = static_cast<T>(static_cast<AccumulatorOf<T>>(value) *
                             static_cast<AccumulatorOf<T>>(factor));
    }
  });
  return out;
}

double scalar(const Tensor& tensor) { return tensor.to(DType::f64).data<double>()[0]; }

OpSample sample(std::string name, std::vector<int32_t> labels, int64_t width, int64_t row_block) {
  return {.name = std::move(name),
          .inputs =
              [labels, width](Random& random) {
                const Shape shape{static_cast<int64_t>(labels.size()), width};
                return std::vector<Tensor>{random_normal(shape, random),
                                           random_normal(shape, random),
                                           random_normal({}, random, 0.5)};
              },
          .run =
              [labels, row_block](std::span<const Variable> in) {
                return unicl_loss(in[0], in[1], labels, in[2], {.row_block = row_block});
              },
          .runs_in_bf16 = false};
}

std::vector<OpSample> samples() {
  std::vector<int32_t> many;
  for (int32_t i = 0; i < 70; ++i) many.push_back(i % 23);
  return {sample("distinct", {0, 1, 2, 3}, 3, 2), sample("shared", {5, 1, 5, 2, 1, 5}, 4, 4),
          sample("one", {9}, 2, 8), sample("70_of_23", many, 16, 32)};
}

}  // namespace

std::vector<int32_t> assign_labels(std::span<const Hash128> texts) {
  Numbering<Hash128> labels;
  std::vector<int32_t> out;
  out.reserve(texts.size());
  for (const Hash128& text : texts) out.push_back(labels.number(text));
  return out;
}

namespace {

UniclLossResult loss_of(const UniclRows& rows, double log_temperature,
                        const UniclLossOptions& options) {
  if (rows.image.dtype() == DType::f64) {
    return UniclLoss<double>(rows, log_temperature, options.row_block).run();
  }
  return UniclLoss<float>(rows, log_temperature, options.row_block).run();
}

}  // namespace

UniclLossResult unicl_loss_and_gradient(const Tensor& image, const Tensor& text,
                                        std::span<const int32_t> labels, double log_temperature,
                                        UniclLossOptions options) {
  check(image, text, labels.size(), options);
  return loss_of({.image = image, .text = text, .labels = labels}, log_temperature, options);
}

UniclLossResult unicl_loss_and_gradient(const Tensor& image, const Tensor& text,
                                        std::span<const int32_t> labels, double log_temperature,
                                        Communicator& group, UniclLossOptions options) {
  check(image, text, labels.size(), options);
  const Tensor all_text = group.all_gather(text);
  const Tensor all_labels = group.all_gather(Tensor::from<int32_t>({image.dim(0)}, labels));
  return loss_of({.image = image,
                  .text = all_text,
                  .labels = all_labels.data<int32_t>(),
                  .first = group.rank() * image.dim(0),
                  .group = &group},
                 log_temperature, options);
}

Variable unicl_loss(const Variable& image, const Variable& text, std::span<const int32_t> labels,
                    const Variable& log_temperature, UniclLossOptions options) {
  const UniclLossResult result = unicl_loss_and_gradient(image.value(), text.value(), labels,
                                                         scalar(log_temperature.value()), options);
  return record(Tensor::full({}, image.dtype(), result.loss), {image, text, log_temperature},
                [result](const Tensor& grad) {
                  const double factor = scalar(grad);
                  return std::vector<Tensor>{
                      scaled(result.grad_image, factor), scaled(result.grad_text, factor),
                      Tensor::full({}, grad.dtype(), factor * result.grad_log_temperature)};
                });
}

const OpDef& unicl_loss_def() {
  static const OpDef def{"unicl_loss", "contrastive loss with several positives, both directions",
                         samples};
  return def;
}

}  // namespace arno::ops
