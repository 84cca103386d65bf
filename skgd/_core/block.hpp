// Sample space: a block of rows, what is known of them, and what a loss makes of it.
#pragma once

#include <algorithm>
#include <vector>

#include "evaluate.hpp"
#include "rows.hpp"

namespace skgd {

// Passive-aggressive steps (Crammer et al., JMLR 2006, section 4) are a matter of
// sample space: the step min(C, loss / |x|^2) (pa1) or loss / (|x|^2 + 1 / (2 C)) (pa2)
// takes the derivative's place, as a share of eta = C.
enum class Aggressive { no, pa1, pa2 };

// A block of rows and what is known of them: (K, R) arrays, the rows of one output side
// by side, and R class codes.
struct Block {
  double *y, *s, *z, *d;
  std::int32_t* code;

  // With z = X_B v: z <- scale z + b, d = s dloss/dz; gives the sum of s * loss.
  SKGD_INLINE double evaluate(const Samples& samples, const std::uint32_t* rows,
                              std::size_t R, std::size_t K, double scale,
                              const double* b, Loss loss) const {
    for (std::size_t k = 0; k < K; ++k) {
      double* raw = z + k * R;
      const double shift = b[k];
#pragma omp simd
      for (std::size_t r = 0; r < R; ++r) raw[r] = scale * raw[r] + shift;
    }
    samples.read(rows, R, K, y, s);
    if (loss.name == LossName::softmax)
      for (std::size_t r = 0; r < R; ++r) code[r] = samples.code[rows[r]];
    return skgd::evaluate(loss, R, K, y, code, z, s, d);
  }
};

// 1024 values keep a block's arrays in 32 KB.
constexpr std::size_t kBlockValues = 1024;

class BlockStorage {
 public:
  explicit BlockStorage(std::size_t n_outputs)
      : capacity_(std::max<std::size_t>(1, kBlockValues / n_outputs)),
        values_(4 * capacity_ * n_outputs),
        codes_(capacity_) {
    const std::size_t n = capacity_ * n_outputs;
    double* first = values_.data();
    block = {first, first + n, first + 2 * n, first + 3 * n, codes_.data()};
  }

  BlockStorage(BlockStorage&&) = default;  // `block` points into the arrays that move
  std::size_t capacity() const { return capacity_; }

  // Rows of a block: what fits in here and, dense, in half of the first-level cache,
  // but eight at least, which fill a vector of the loss's.
  template <class Design>
  std::size_t rows_of(const Design& X) const {
    const std::size_t bytes = std::max<std::size_t>(X.bytes_per_row(), 1);
    return std::min(capacity_, std::max<std::size_t>(16384 / bytes / 4 * 4, 8));
  }

  Block block;

 private:
  std::size_t capacity_;
  std::vector<double> values_;
  std::vector<std::int32_t> codes_;
};

template <class Design>
SKGD_INLINE void make_aggressive(Aggressive kind, double C, Loss loss, const Design& X,
                                 const std::uint32_t* rows, std::size_t R,
                                 std::size_t K, const Block& block) {
  for (std::size_t r = 0; r < R; ++r) {
    const double norm = X.squared_norm(rows[r]);
    for (std::size_t k = 0; k < K; ++k) {
      const std::size_t i = k * R + r;
      const double one = 1.0;
      double sign;
      const double value =
          skgd::evaluate(loss, 1, 1, block.y + i, nullptr, block.z + i, &one, &sign);
      const double step = kind == Aggressive::pa1 ? std::min(1.0, value / (C * norm))
                                                  : value / (C * norm + 0.5);
      block.d[i] =
          norm > 0.0 && value > 0.0 ? block.s[i] * std::copysign(step, sign) : 0.0;
    }
  }
}

SKGD_INLINE double sum_of(const double* d, std::size_t n) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += d[i];
  return sum;
}

SKGD_INLINE bool all_finite(const double* z, std::size_t n) {
  double watch = 0.0 * z[0];  // 0 * z is NaN for what is not finite
  if (n == 1) return watch == 0.0;
#pragma omp simd reduction(+ : watch)
  for (std::size_t i = 0; i < n; ++i) watch += 0.0 * z[i];
  return watch == 0.0;
}

}  // namespace skgd
