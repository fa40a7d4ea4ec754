// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/unicl_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <vector>

#include "ops/core/detail/simd_math.h"
#include "ops/core/parallel.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops {
namespace {

float exponential(float x) { return detail::softmax_exp(x); }
double exponential(double x) { return std::exp(x); }

/// log(sum exp) of values that come one after the other.
struct RunningLogSum {
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;

  void add(double value) {
    if (value > max) {
      sum *= std::exp(max - value);
      max = value;
    }
    sum += std::exp(value - max);
  }
  double log_sum() const { return max + std::log(sum); }
};

/// The loss of one batch with elements of type T.
template <class T>
class UniclLoss {
 public:
  UniclLoss(const Tensor& image, const Tensor& text, std::span<const int32_t> labels,
            double log_temperature, int64_t row_block)
      : image_(image),
        text_(text),
        labels_(labels),
        n_(image.dim(0)),
        row_block_(std::min(row_block, n_)),
        temperature_(std::exp(log_temperature)),
        row_log_sum_(n_),
        column_log_sum_(n_),
        weight_(n_) {
    std::unordered_map<int32_t, int64_t> count;
    for (const int32_t label : labels) ++count[label];
    for (int64_t i = 0; i < n_; ++i) weight_[i] = 1.0 / static_cast<double>(count[labels[i]]);
  }

  UniclLossResult run() {
    UniclLossResult out;
    const auto batch = static_cast<double>(n_);
    std::vector<RunningLogSum> columns(n_);
    double aligned = 0;  // sum_ij T_ij s_ij
    for_each_block(
        [&](int64_t start, const Tensor& logits) { aligned += sum_up(start, logits, columns); });
    double total = -2 * aligned;
    for (int64_t i = 0; i < n_; ++i) {
      column_log_sum_[i] = columns[i].log_sum();
      total += row_log_sum_[i] + column_log_sum_[i];
      out.floor -= std::log(weight_[i]) / batch;
    }
    out.loss = total / (2 * batch);
    add_gradients(out);
    return out;
  }

 private:
  /// Calls visit(first row, logits [rows, N]) for each block of rows.
  template <class Visit>
  void for_each_block(Visit visit) {
    for (int64_t start = 0; start < n_; start += row_block_) {
      const int64_t rows = std::min(row_block_, n_ - start);
      Tensor logits = Tensor::empty({rows, n_}, image_.dtype());
      detail::gemm(
          {.a = image_.narrow(start, rows), .b = text_, .transpose_b = true, .out = logits});
      for (T& value : logits.mutable_data<T>()) value *= static_cast<T>(temperature_);
      visit(start, logits);
    }
  }

  /// Row and column sums of a block; returns its part of sum_ij T_ij s_ij.
  double sum_up(int64_t start, const Tensor& logits, std::vector<RunningLogSum>& columns) {
    const T* s = logits.data<T>().data();
    double aligned = 0;
    for (int64_t r = 0; r < logits.dim(0); ++r) {
      const T* row = s + r * n_;
      const int64_t i = start + r;
      const T max = *std::max_element(row, row + n_);
      double sum = 0;
      for (int64_t j = 0; j < n_; ++j) {
        sum += static_cast<double>(exponential(row[j] - max));
        if (labels_[i] == labels_[j]) aligned += weight_[i] * static_cast<double>(row[j]);
      }
      row_log_sum_[i] = static_cast<double>(max) + std::log(sum);
    }
    parallel_for(n_, 64, [&](int64_t begin, int64_t end) {
      for (int64_t r = 0; r < logits.dim(0); ++r) {
        for (int64_t j = begin; j < end; ++j) columns[j].add(static_cast<double>(s[r * n_ + j]));
      }
    });
    return aligned;
  }

  void add_gradients(UniclLossResult& out) {
    out.grad_image = Tensor::empty(image_.shape(), image_.dtype());
    out.grad_text = Tensor::zeros(text_.shape(), text_.dtype());
    for_each_block([&](int64_t start, Tensor& logits) {
      const int64_t rows = logits.dim(0);
      out.grad_log_temperature += to_gradient(start, logits);
      detail::gemm({.a = logits, .b = text_, .out = out.grad_image.narrow(start, rows)});
      Tensor part = Tensor::empty(text_.shape(), text_.dtype());
      detail::gemm(
          {.a = logits, .b = image_.narrow(start, rows), .transpose_a = true, .out = part});
      const T* from = part.data<T>().data();
      T* to = out.grad_text.mutable_data<T>().data();
      for (int64_t i = 0; i < part.numel(); ++i) to[i] += from[i];
    });
  }

  /// Turns logits s into e^a G; returns sum G s.
  double to_gradient(int64_t start, Tensor& logits) {
    T* s = logits.mutable_data<T>().data();
    const double scale = 1 / (2 * static_cast<double>(n_));
    std::vector<double> sums(logits.dim(0));
    parallel_for(logits.dim(0), 8, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t i = start + r;
        const auto row_shift = static_cast<T>(row_log_sum_[i]);
        for (int64_t j = 0; j < n_; ++j) {
          T& value = s[r * n_ + j];
          const T target = labels_[i] == labels_[j] ? static_cast<T>(2 * weight_[i]) : T{0};
          const T g = exponential(value - row_shift) +
                      exponential(value - static_cast<T>(column_log_sum_[j])) - target;
          sums[r] += static_cast<double>(g) * static_cast<double>(value);
          value = g * static_cast<T>(scale * temperature_);
        }
      }
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    return total * scale;
  }

  const Tensor& image_;
  const Tensor& text_;
  std::span<const int32_t> labels_;
  int64_t n_;
  int64_t row_block_;
  double temperature_;
  std::vector<double> row_log_sum_;
  std::vector<double> column_log_sum_;
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

UniclLossResult unicl_loss_and_gradient(const Tensor& image, const Tensor& text,
                                        std::span<const int32_t> labels, double log_temperature,
                                        UniclLossOptions options) {
  check(image, text, labels.size(), options);
  if (image.dtype() == DType::f64) {
    return UniclLoss<double>(image, text, labels, log_temperature, options.row_block).run();
  }
  return UniclLoss<float>(image, text, labels, log_temperature, options.row_block).run();
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
