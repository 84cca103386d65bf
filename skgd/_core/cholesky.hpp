// A Cholesky factor by rows, for systems of some hundred unknowns.
#pragma once

#include <vector>

#include "vector.hpp"

namespace skgd {

constexpr size_t kLanes = kVectorBytes / sizeof(double);
constexpr size_t kTile = 4;

SKGD_CLONES static void add_scaled(size_t n, double a, const double* x, double* y) {
#pragma omp simd
  for (size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

SKGD_CLONES static double dot(size_t n, const double* x, const double* y) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// out_ij = a_i . b_j for 4 rows each, n a multiple of the lanes.
SKGD_CLONES static void tile_products(size_t n, size_t stride, const double* a,
                                      const double* b, double* out) {
  using Vector = Lanes<double, kLanes>;
  Vector sum[kTile][kTile] = {};
  for (size_t k = 0; k < n; k += kLanes) {
    Vector x[kTile], y[kTile];
    for (size_t i = 0; i < kTile; ++i) {
      x[i] = load<double, kLanes>(a + i * stride + k);
      y[i] = load<double, kLanes>(b + i * stride + k);
    }
    for (size_t i = 0; i < kTile; ++i)
      for (size_t j = 0; j < kTile; ++j) sum[i][j] += x[i] * y[j];
  }
  for (size_t i = 0; i < kTile; ++i)
    for (size_t j = 0; j < kTile; ++j) {
      double total = 0;
      for (size_t lane = 0; lane < kLanes; ++lane) total += sum[i][j][lane];
      out[i * kTile + j] = total;
    }
}

// L L' = D^-1/2 A D^-1/2 + jitter, D the diagonal of A: the scaling makes the jitter
// mean the same for every unknown. A pivot that is lost takes its unknown out.
class Cholesky {
 public:
  // `entry(i, j)` gives A_ij, i >= j.
  template <class Entry>
  void factor(size_t n, double jitter, Entry entry) {
    n_ = n;
    stride_ = (n + kLanes - 1) / kLanes * kLanes;
    size_t rows = (n + kTile - 1) / kTile * kTile;
    L_.assign(rows * stride_ + kLanes, 0.0);
    scale_.resize(n);
    for (size_t i = 0; i < n; ++i) scale_[i] = 1 / std::sqrt(entry(i, i));
    for (size_t J = 0; J < n; J += kTile)
      for (size_t I = J; I < n; I += kTile) fill_tile(I, J, jitter, entry);
  }

  // x <- A^-1 x.
  void solve(double* x) const {
    for (size_t i = 0; i < n_; ++i) {
      const double* row = &L_[i * stride_];
      x[i] = (x[i] * scale_[i] - dot(i, row, x)) / row[i];
    }
    for (size_t i = n_; i-- > 0;) {
      const double* row = &L_[i * stride_];
      x[i] /= row[i];
      add_scaled(i, -x[i], row, x);
    }
    for (size_t i = 0; i < n_; ++i) x[i] *= scale_[i];
  }

 private:
  template <class Entry>
  void fill_tile(size_t I, size_t J, double jitter, Entry entry) {
    double sums[kTile * kTile];
    size_t known = (J + kLanes - 1) / kLanes * kLanes;  // zeros beyond J
    tile_products(known, stride_, &L_[I * stride_], &L_[J * stride_], sums);
    for (size_t i = I; i < std::min(I + kTile, n_); ++i) {
      double* row = &L_[i * stride_];
      for (size_t j = J; j < std::min(J + kTile, i + 1); ++j) {
        const double* other = &L_[j * stride_];
        double rest = entry(i, j) * scale_[i] * scale_[j] + (i == j ? jitter : 0.0) -
                      sums[(i - I) * kTile + j - J];
        for (size_t k = J; k < j; ++k) rest -= row[k] * other[k];
        row[j] = i != j ? rest / other[j] : rest > kLost ? std::sqrt(rest) : kOut;
      }
    }
  }

  static constexpr double kLost = 1e-15;  // of a unit diagonal: rounding
  static constexpr double kOut = 1e100;
  size_t n_ = 0, stride_ = 0;
  std::vector<double> L_, scale_;
};

}  // namespace skgd
