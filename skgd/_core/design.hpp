// The design matrix: the one bridge between sample space and feature space.
//
// Two verbs, `matvec` (z = X_B v') and `add_rmatvec` (target += X_B' c), on the rows
// listed. z and c are (K, R): the rows of one output side by side. Coefficients are
// laid out as suits the storage: (K, d) for dense rows, (d, K) for CSR, where the K
// coefficients of one column are then one memory access.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "aligned.hpp"
#include "vector.hpp"

namespace skgd {

// What a sweep over R long rows asks for on its way: two rows, or half a row.
template <class T, int R>
struct LinesAhead {
  const T* from[2];  // null for nothing
  SKGD_INLINE void operator()(std::size_t j) const {
    if (from[0] == nullptr) return;
    SKGD_PREFETCH(from[0] + (R == 1 ? j / 2 : j));
    if (R > 1) SKGD_PREFETCH(from[1] + j);
  }
};

struct Nothing {
  SKGD_INLINE void operator()(std::size_t) const {}
};

// In the place of a Lookahead (rows.hpp) where rows are in cache.
struct NoLookahead {
  template <int R>
  SKGD_INLINE Nothing go_over() const {
    return {};
  }
};

template <class T>
struct Dense {
  using value_type = T;
  static constexpr bool kSparse = false;
  const T* values;
  std::size_t n_samples, n_features;

  const T* row(std::size_t i) const { return values + i * n_features; }
  std::size_t n_values() const { return n_samples * n_features; }
  std::size_t bytes_per_row() const { return n_features * sizeof(T); }

  // A whole row, 12 rows ahead.
  SKGD_INLINE void prefetch(const std::uint32_t* rows, std::size_t left) const {
    constexpr std::size_t kDistance = 12;
    if (left <= kDistance || bytes_per_row() == 0) return;
    const char* from = reinterpret_cast<const char*>(row(rows[kDistance]));
    for (std::size_t b = 0; b < bytes_per_row(); b += kCacheLine)
      SKGD_PREFETCH(from + b);
    SKGD_PREFETCH(from + bytes_per_row() - 1);  // a row seldom begins with a line
  }

  // Which rows are asked for line by line instead. (Measured: 800 bytes and one row a
  // step, 135 ns whole and 100 by lines; in sweeps over many rows 32 and 61.)
  bool asks_by_line(std::size_t rows_a_step) const {
    return bytes_per_row() > (rows_a_step == 1 ? 256 : 1024);
  }

  // How many rows ahead: 20 KB of single rows, and 8 KB of four, of which as much is in
  // the first-level cache already.
  std::size_t lead(int R) const {
    const std::size_t bytes = std::max<std::size_t>(bytes_per_row(), 1);
    return std::clamp<std::size_t>((R == 1 ? 20480 : 8192) / bytes, 2, 12);
  }

  // The line that the last value is in is asked for by itself, as a row seldom begins
  // with a line: forgotten, each row waits for memory (784 floats: 200 ns, not 145).
  template <int R>
  SKGD_INLINE LinesAhead<T, R> lines_ahead(const std::uint32_t* rows, std::size_t size,
                                           std::size_t next, bool second_half) const {
    if (next + 1 >= size || n_features == 0) return {{nullptr, nullptr}};
    const std::size_t part = R == 1 ? n_features / 2 : n_features;
    LinesAhead<T, R> lines{{row(rows[next]), row(rows[next + 1])}};
    if (R == 1 && second_half) lines.from[0] += n_features - part;
    SKGD_PREFETCH(lines.from[0] + part - 1);
    if (R > 1) SKGD_PREFETCH(lines.from[1] + part - 1);
    return lines;
  }

  template <class Ahead>
  SKGD_INLINE void matvec(const std::uint32_t* rows, std::size_t R, const T* v,
                          std::size_t K, double* z, Ahead&& ahead) const {
    std::size_t r = 0;
    for (; r + 4 <= R; r += 4) {
      const auto lines = ahead.template go_over<4>();
      std::size_t k = 0;
      for (; k + 2 <= K; k += 2) dots_of<4, 2>(rows + r, v, k, R, z + r, lines);
      if (k < K) dots_of<4, 1>(rows + r, v, k, R, z + r, lines);
    }
    for (; r < R; ++r) {
      const auto lines = ahead.template go_over<1>();
      std::size_t k = 0;
      for (; k + 4 <= K; k += 4) dots_of<1, 4>(rows + r, v, k, R, z + r, lines);
      for (; k < K; ++k) dots_of<1, 1>(rows + r, v, k, R, z + r, lines);
    }
  }

  template <class Target, class Ahead>
  SKGD_INLINE void add_rmatvec(const std::uint32_t* rows, std::size_t R,
                               const double* c, std::size_t K, Target* target,
                               Ahead&& ahead) const {
    std::size_t r = 0;
    for (; r + 4 <= R; r += 4) {
      const auto lines = ahead.template go_over<4>();
      for (std::size_t k = 0; k < K; ++k)
        add_of<4, 1>(rows + r, c + r, R, k, target, lines);
    }
    for (; r < R; ++r) {
      const auto lines = ahead.template go_over<1>();
      std::size_t k = 0;
      for (; k + 4 <= K; k += 4) add_of<1, 4>(rows + r, c + r, R, k, target, lines);
      for (; k < K; ++k) add_of<1, 1>(rows + r, c + r, R, k, target, lines);
    }
  }

  SKGD_INLINE double squared_norm(std::size_t i) const {
    double sum = 0.0;
    for (std::size_t j = 0; j < n_features; ++j)
      sum += static_cast<double>(row(i)[j]) * row(i)[j];
    return sum;
  }

 private:
  template <int R, int K, class Lines>
  SKGD_INLINE void dots_of(const std::uint32_t* rows, const T* v, std::size_t k,
                           std::size_t stride, double* z, Lines lines) const {
    const T *x[R], *w[K];
    double out[R * K];
    for (int r = 0; r < R; ++r) x[r] = row(rows[r]);
    for (int i = 0; i < K; ++i) w[i] = v + (k + i) * n_features;
    dots<R, K, T>(x, w, n_features, out, lines);
    for (int i = 0; i < K; ++i)
      for (int r = 0; r < R; ++r) z[(k + i) * stride + r] = out[r * K + i];
  }

  template <int R, int K, class Target, class Lines>
  SKGD_INLINE void add_of(const std::uint32_t* rows, const double* c,
                          std::size_t stride, std::size_t k, Target* target,
                          Lines lines) const {
    const T* x[R];
    Target* to[K];
    T factor[R * K];
    for (int r = 0; r < R; ++r) x[r] = row(rows[r]);
    for (int i = 0; i < K; ++i) {
      to[i] = target + (k + i) * n_features;
      for (int r = 0; r < R; ++r)
        factor[r * K + i] = static_cast<T>(c[(k + i) * stride + r]);
    }
    add_rows<R, K, T, Target>(x, factor, n_features, to, lines);
  }
};

template <class T, class I>
struct Csr {
  using value_type = T;
  static constexpr bool kSparse = true;
  const T* values;
  const I *indices, *indptr;
  std::size_t n_samples, n_features;

  std::size_t n_values() const { return static_cast<std::size_t>(indptr[n_samples]); }
  std::size_t bytes_per_row() const {
    return (sizeof(T) + sizeof(I)) * n_values() / std::max<std::size_t>(n_samples, 1);
  }

  // Random access is the whole cost of sparse rows: where a row begins is asked for 8
  // rows ahead, the row itself 4 rows ahead.
  SKGD_INLINE void prefetch(const std::uint32_t* rows, std::size_t left) const {
    constexpr std::size_t kDistance = 4;
    if (left <= 2 * kDistance) return;
    SKGD_PREFETCH(indptr + rows[2 * kDistance]);
    const std::size_t begin = indptr[rows[kDistance]],
                      end = indptr[rows[kDistance] + 1];
    for (std::size_t p = begin; p < end; p += kCacheLine / sizeof(T))
      SKGD_PREFETCH(values + p);
    for (std::size_t p = begin; p < end; p += kCacheLine / sizeof(I))
      SKGD_PREFETCH(indices + p);
  }

  bool asks_by_line(std::size_t) const { return false; }
  std::size_t lead(int) const { return 0; }

  template <int R>
  SKGD_INLINE Nothing lines_ahead(const std::uint32_t*, std::size_t, std::size_t,
                                  bool) const {
    return {};
  }

  template <class Ahead>
  SKGD_INLINE void matvec(const std::uint32_t* rows, std::size_t R, const T* v,
                          std::size_t K, double* z, Ahead&& ahead) const {
    matvec_by([=](std::size_t j) SKGD_INLINE_LAMBDA { return v[j]; }, rows, R, K, z,
              ahead);
  }

  // `kStride`: distance of neighbouring coefficients in target.
  template <std::size_t kStride = 1, class Target, class Ahead>
  SKGD_INLINE void add_rmatvec(const std::uint32_t* rows, std::size_t R,
                               const double* c, std::size_t K, Target* target,
                               Ahead&& ahead) const {
    for (std::size_t r = 0; r < R; ++r) {
      ahead.template go_over<1>();
      const std::size_t begin = indptr[rows[r]], end = indptr[rows[r] + 1];
      if (K == 1) {
        const T factor = static_cast<T>(c[r]);
        if (factor == T(0)) continue;
        for (std::size_t p = begin; p < end; ++p)
          target[indices[p] * kStride] += factor * values[p];
      } else {
        for (std::size_t p = begin; p < end; ++p) {
          Target* column = target + indices[p] * K * kStride;
          for (std::size_t k = 0; k < K; ++k)
            column[k * kStride] += static_cast<T>(c[k * R + r]) * values[p];
        }
      }
    }
  }

  SKGD_INLINE double squared_norm(std::size_t i) const {
    double sum = 0.0;
    for (std::size_t p = indptr[i]; p < static_cast<std::size_t>(indptr[i + 1]); ++p)
      sum += static_cast<double>(values[p]) * values[p];
    return sum;
  }

  // Asks for what a row's columns have in `target`, `stride` values each: more of them
  // than the second-level cache holds come 10 % sooner, fewer 15 % later (measured).
  template <class Target>
  SKGD_INLINE void prefetch_columns(std::uint32_t row, const Target* target,
                                    std::size_t stride) const {
    for (I p = indptr[row]; p < indptr[row + 1]; ++p)
      SKGD_PREFETCH(target + static_cast<std::size_t>(indices[p]) * stride);
  }

  // matvec with coefficients that `read(j)` gives.
  template <class Read, class Ahead>
  SKGD_INLINE void matvec_by(Read read, const std::uint32_t* rows, std::size_t R,
                             std::size_t K, double* z, Ahead&& ahead) const {
    for (std::size_t r = 0; r < R; ++r) {
      ahead.template go_over<1>();
      const std::size_t begin = indptr[rows[r]], end = indptr[rows[r] + 1];
      if (K == 1) {
        T sum[4] = {};  // four chains: one would wait for each addition
        const T* x = values;
        const I* column = indices;
        std::size_t p = begin;
        for (; p + 4 <= end; p += 4)
          for (int i = 0; i < 4; ++i) sum[i] += x[p + i] * read(column[p + i]);
        for (; p < end; ++p) sum[0] += x[p] * read(column[p]);
        z[r] = static_cast<double>((sum[0] + sum[1]) + (sum[2] + sum[3]));
      } else {
        for (std::size_t k = 0; k < K; ++k) z[k * R + r] = 0.0;
        for (std::size_t p = begin; p < end; ++p)
          for (std::size_t k = 0; k < K; ++k)
            z[k * R + r] += values[p] * read(indices[p] * K + k);
      }
    }
  }

  // What is wrong with the structure, or null. The core reads what it is given.
  const char* defect(std::size_t n_stored) const {
    if (indptr[0] != 0) return "indptr must begin with 0";
    for (std::size_t i = 0; i < n_samples; ++i)
      if (indptr[i + 1] < indptr[i]) return "indptr must not decrease";
    if (n_values() > n_stored) return "indptr points beyond the stored entries";
    if (!indices_are_valid()) return "column indices must lie in [0, n_features)";
    return nullptr;
  }

 private:
  // No index below zero and none above the last: all differences have a sign of zero.
  bool indices_are_valid() const {
    using Word = std::make_unsigned_t<I>;
    if (n_values() > 0 && n_features == 0) return false;
    const Word last = static_cast<Word>(std::min<std::size_t>(
        n_features - 1, static_cast<std::size_t>(std::numeric_limits<I>::max())));
    Word signs = 0;
    for (std::size_t p = 0, end = n_values(); p < end; ++p) {
      const Word index = static_cast<Word>(indices[p]);
      signs |= index | (last - index);
    }
    return signs >> (8 * sizeof(Word) - 1) == 0;
  }
};

template <class T>
using Csr32 = Csr<T, std::int32_t>;
template <class T>
using Csr64 = Csr<T, std::int64_t>;

// Each design's loops, compiled once for each instruction set (*entry_points.cpp).
#define SKGD_DESIGNS(DESIGN)                 \
  DESIGN(SKGD_CLONES, Dense<float>, float)   \
  DESIGN(SKGD_CLONES, Dense<double>, double) \
  DESIGN(, Csr32<float>, float)              \
  DESIGN(, Csr32<double>, double)            \
  DESIGN(, Csr64<float>, float)              \
  DESIGN(, Csr64<double>, double)

}  // namespace skgd
