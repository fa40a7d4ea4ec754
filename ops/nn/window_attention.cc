// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/window_attention.h"

#include "ops/math/detail/gemm.h"
#include "ops/nn/detail/grouped_attention.h"

namespace arno::ops {
namespace {

/// A grid cut into windows after a cyclic shift up and left.
struct Grid {
  int64_t B, H, W;
  int64_t window, shift;

  int64_t tokens() const { return window * window; }
  int64_t windows() const { return B * (H / window) * (W / window); }
};

void check(const Shape& qkv, const Tensor& bias_table, const WindowAttentionOptions& o) {
  ARNO_CHECK(qkv.rank() == 4 && o.heads >= 1 && qkv[3] % (3 * o.heads) == 0, Errc::shape_mismatch,
             "[window_attention] qkv has shape {}, expected [B, H, W, 3 C] with C a multiple of "
             "{} heads",
             qkv.to_string(), o.heads);
  ARNO_CHECK(o.window >= 1 && o.shift >= 0 && o.shift < o.window, Errc::invalid_argument,
             "[window_attention] shift {} with window {}, expected 0 <= shift < window", o.shift,
             o.window);
  ARNO_CHECK(qkv[1] % o.window == 0 && qkv[2] % o.window == 0, Errc::shape_mismatch,
             "[window_attention] the grid of {} x {} tokens is not a multiple of the window {}",
             qkv[1], qkv[2], o.window);
  const int64_t side = 2 * o.window - 1;
  check_shape("window_attention", "bias_table", bias_table, {side * side, o.heads});
}

/// Calls visit(place in `rows`, row of the grid, y, x) with (y, x) after the shift.
template <class Visit>
void for_each_token(const Grid& grid, Visit visit) {
  int64_t place = 0;
  const auto [B, H, W, window, shift] = grid;
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t top = 0; top < H; top += window) {
      for (int64_t left = 0; left < W; left += window) {
        for (int64_t y = top; y < top + window; ++y) {
          for (int64_t x = left; x < left + window; ++x) {
            visit(place++, (b * H + (y + shift) % H) * W + (x + shift) % W, y, x);
          }
        }
      }
    }
  }
}

/// 0, 1 or 2: before the last window, in it, or wrapped around by the shift.
uint8_t band(int64_t at, int64_t extent, const Grid& grid) {
  return static_cast<uint8_t>((at >= extent - grid.window) + (at >= extent - grid.shift));
}

void fill_groups(const Grid& grid, detail::GroupedAttention& attention) {
  const int64_t rows = grid.windows() * grid.tokens();
  attention.rows = Tensor::empty({rows}, DType::i32);
  attention.offsets = Tensor::empty({grid.windows() + 1}, DType::i32);
  for (int64_t g = 0; g <= grid.windows(); ++g) {
    attention.offsets.mutable_data<int32_t>()[g] = static_cast<int32_t>(g * grid.tokens());
  }
  int32_t* row_of = attention.rows.mutable_data<int32_t>().data();
  uint8_t* region_of = nullptr;
  if (grid.shift > 0) {
    attention.regions = Tensor::empty({rows}, DType::u8);
    region_of = attention.regions.mutable_data<uint8_t>().data();
  }
  for_each_token(grid, [&](int64_t place, int64_t row, int64_t y, int64_t x) {
    row_of[place] = static_cast<int32_t>(row);
    if (region_of) {
      region_of[place] = static_cast<uint8_t>(3 * band(y, grid.H, grid) + band(x, grid.W, grid));
    }
  });
}

/// Calls visit(j * n + i, row of the table) for every key j and query i of a window.
template <class Visit>
void for_each_pair(int64_t window, Visit visit) {
  int64_t pair = 0;
  const int64_t n = window * window;
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t dy = i / window - j / window + window - 1;
      const int64_t dx = i % window - j % window + window - 1;
      visit(pair++, dy * (2 * window - 1) + dx);
    }
  }
}

/// The dtypes of a bias: f64 or f32.
template <class Visitor>
void visit_accumulator(DType dtype, Visitor visitor) {
  dtype == DType::f64 ? visitor(TypeTag<double>{}) : visitor(TypeTag<float>{});
}

/// table [(2 w - 1)^2, heads] -> [heads, keys, queries].
Tensor expand_bias(const Tensor& table, int64_t window) {
  const int64_t n = window * window, heads = table.dim(1);
  Tensor bias = Tensor::empty({heads, n, n}, table.dtype());
  visit_accumulator(table.dtype(), [&]<class T>(TypeTag<T>) {
    const T* from = table.data<T>().data();
    T* to = bias.mutable_data<T>().data();
    for_each_pair(window, [&](int64_t pair, int64_t row) {
      for (int64_t h = 0; h < heads; ++h) to[h * n * n + pair] = from[row * heads + h];
    });
  });
  return bias;
}

/// The transpose of expand_bias.
Tensor collect_bias(const Tensor& bias, int64_t window) {
  const int64_t n = window * window, heads = bias.dim(0);
  const int64_t side = 2 * window - 1;
  Tensor table = Tensor::zeros({side * side, heads}, bias.dtype());
  visit_accumulator(bias.dtype(), [&]<class T>(TypeTag<T>) {
    const T* from = bias.data<T>().data();
    T* to = table.mutable_data<T>().data();
    for_each_pair(window, [&](int64_t pair, int64_t row) {
      for (int64_t h = 0; h < heads; ++h) to[row * heads + h] += from[h * n * n + pair];
    });
  });
  return table;
}

OpSample sample(std::string name, Shape qkv, WindowAttentionOptions options) {
  return {
      .name = std::move(name),
      .inputs =
          [qkv, options](Random& random) {
            const int64_t side = 2 * options.window - 1;
            return std::vector<Tensor>{random_normal(qkv, random),
                                       random_normal({side * side, options.heads}, random)};
          },
      .run = [options](
                 std::span<const Variable> in) { return window_attention(in[0], in[1], options); },
      .keeps_f32 = {1}};
}

std::vector<OpSample> samples() {
  return {sample("2x4x4x12_w2_s1", {2, 4, 4, 12}, {.window = 2, .shift = 1, .heads = 2}),
          sample("1x3x3x15_w3", {1, 3, 3, 15}, {.window = 3, .shift = 0, .heads = 1}),
          sample("1x14x7x96_w7_s3", {1, 14, 7, 96}, {.window = 7, .shift = 3, .heads = 1}),
          sample("1x8x8x48_w4_s2", {1, 8, 8, 48}, {.window = 4, .shift = 2, .heads = 1}),
          sample("0x4x4x6_w4", {0, 4, 4, 6}, {.window = 4, .shift = 0, .heads = 2})};
}

}  // namespace

Variable window_attention(const Variable& qkv, const Variable& bias_table,
                          WindowAttentionOptions options) {
  check(qkv.shape(), bias_table.value(), options);
  const Shape shape = qkv.shape();
  const Grid grid{shape[0], shape[1], shape[2], options.window, options.shift};
  detail::GroupedAttention attention{
      .qkv = qkv.value().reshape({shape[0] * shape[1] * shape[2], shape[3]}),
      .bias = expand_bias(bias_table.value_as(detail::accumulator_of(qkv.dtype())), options.window),
      .heads = options.heads};
  fill_groups(grid, attention);
  const Tensor y = detail::grouped_attention_forward(attention);
  return record(y.reshape(shape.with(3, shape[3] / 3)), {qkv, bias_table},
                [attention, shape, window = options.window,
                 table_dtype = bias_table.dtype()](const Tensor& grad_y) {
                  Tensor grad_qkv, grad_bias;
                  detail::grouped_attention_backward(
                      attention, grad_y.reshape({attention.qkv.dim(0), attention.channels()}),
                      grad_qkv, grad_bias);
                  return std::vector<Tensor>{grad_qkv.reshape(shape),
                                             collect_bias(grad_bias, window).to(table_dtype)};
                });
}

const OpDef& window_attention_def() {
  static const OpDef def{"window_attention",
                         "self-attention in shifted windows with relative position bias", samples};
  return def;
}

}  // namespace arno::ops
