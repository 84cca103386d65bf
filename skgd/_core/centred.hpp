// Rows of X, centred as they are read, times short vectors: the loops of a view.
//
// On dense rows the mean is subtracted inside the loop: outside it, a column of mean
// 1e9 and standard deviation 1 loses seven digits. On CSR rows it is a correction of
// rank one, which the caller makes. All sums are double, whatever X's type.
#pragma once

#include <vector>

#include "design.hpp"
#include "sample_space.hpp"

namespace skgd {

struct Chunk {
  const std::uint32_t* rows;  // of X
  std::size_t begin, end;     // positions in sample space
  std::size_t last;           // of the rows to ask for, which come up after `end`
};

// Asks for `count` rows of the next block while row i of this one is worked on: the
// hardware asks ahead only while it sees misses, not in a sweep over rows in cache.
template <class T>
SKGD_INLINE void ask_ahead(const Dense<T>& X, const Chunk& chunk, std::size_t i,
                           std::size_t count) {
  const std::size_t first = i + (chunk.end - chunk.begin);
  for (std::size_t r = first; r < std::min(first + count, chunk.last); ++r) {
    const char* from = reinterpret_cast<const char*>(X.row(chunk.rows[r]));
    for (std::size_t b = 0; b < X.bytes_per_row(); b += kCacheLine)
      SKGD_PREFETCH(from + b);
  }
}

// --- Dense rows: four at a time share the loads of mean and u.

template <class T>
SKGD_INLINE void centred_dots(const Dense<T>& X, const double* mean, const Chunk& chunk,
                              const double* u, double* z) {
  const std::size_t d = X.n_features;
  std::size_t i = chunk.begin;
  for (; i + 4 <= chunk.end; i += 4) {
    const T *a = X.row(chunk.rows[i]), *b = X.row(chunk.rows[i + 1]),
            *c = X.row(chunk.rows[i + 2]), *e = X.row(chunk.rows[i + 3]);
    ask_ahead(X, chunk, i, 4);
    double p = 0.0, q = 0.0, s = 0.0, t = 0.0;
#pragma omp simd reduction(+ : p, q, s, t)
    for (std::size_t j = 0; j < d; ++j) {
      const double m = mean[j], v = u[j];
      p += (static_cast<double>(a[j]) - m) * v;
      q += (static_cast<double>(b[j]) - m) * v;
      s += (static_cast<double>(c[j]) - m) * v;
      t += (static_cast<double>(e[j]) - m) * v;
    }
    z[i] = p;
    z[i + 1] = q;
    z[i + 2] = s;
    z[i + 3] = t;
  }
  for (; i < chunk.end; ++i) {
    const T* a = X.row(chunk.rows[i]);
    double p = 0.0;
#pragma omp simd reduction(+ : p)
    for (std::size_t j = 0; j < d; ++j)
      p += (static_cast<double>(a[j]) - mean[j]) * u[j];
    z[i] = p;
  }
}

// kPower 1: g += sum_i r_i (x_i - mean);  2: g += sum_i r_i (x_i - mean)^2
template <int kPower, class T>
SKGD_INLINE void add_centred(const Dense<T>& X, const double* mean, const Chunk& chunk,
                             const double* r, double* g) {
  const std::size_t d = X.n_features;
  const auto term = [](double factor, T x, double m) SKGD_INLINE_LAMBDA {
    const double centred = static_cast<double>(x) - m;
    return kPower == 1 ? factor * centred : factor * centred * centred;
  };
  std::size_t i = chunk.begin;
  for (; i + 4 <= chunk.end; i += 4) {
    const T *a = X.row(chunk.rows[i]), *b = X.row(chunk.rows[i + 1]),
            *c = X.row(chunk.rows[i + 2]), *e = X.row(chunk.rows[i + 3]);
    const double p = r[i], q = r[i + 1], s = r[i + 2], t = r[i + 3];
    if (p == 0.0 && q == 0.0 && s == 0.0 && t == 0.0) continue;
    ask_ahead(X, chunk, i, 4);
#pragma omp simd
    for (std::size_t j = 0; j < d; ++j) {
      const double m = mean[j];
      g[j] +=
          (term(p, a[j], m) + term(q, b[j], m)) + (term(s, c[j], m) + term(t, e[j], m));
    }
  }
  for (; i < chunk.end; ++i) {
    const T* a = X.row(chunk.rows[i]);
    const double p = r[i];
#pragma omp simd
    for (std::size_t j = 0; j < d; ++j) g[j] += term(p, a[j], mean[j]);
  }
}

// low, high: least and greatest value of each column; sum += sum_i s_i x_i
template <class T>
SKGD_INLINE void add_range(const Dense<T>& X, const Chunk& chunk, const double* s,
                           double* sum, double* low, double* high) {
  const auto less = [](double x, double y) SKGD_INLINE_LAMBDA { return x < y ? x : y; };
  const auto more = [](double x, double y) SKGD_INLINE_LAMBDA { return x > y ? x : y; };
  std::size_t i = chunk.begin;
  for (; i + 4 <= chunk.end; i += 4) {
    const T *a = X.row(chunk.rows[i]), *b = X.row(chunk.rows[i + 1]),
            *c = X.row(chunk.rows[i + 2]), *e = X.row(chunk.rows[i + 3]);
    const double p = s[i], q = s[i + 1], t = s[i + 2], u = s[i + 3];
    ask_ahead(X, chunk, i, 4);
#pragma omp simd
    for (std::size_t j = 0; j < X.n_features; ++j) {
      const double x = static_cast<double>(a[j]), y = static_cast<double>(b[j]),
                   v = static_cast<double>(c[j]), w = static_cast<double>(e[j]);
      sum[j] += (p * x + q * y) + (t * v + u * w);
      low[j] = less(less(x, y), less(less(v, w), low[j]));
      high[j] = more(more(x, y), more(more(v, w), high[j]));
    }
  }
  for (; i < chunk.end; ++i) {
    const T* a = X.row(chunk.rows[i]);
#pragma omp simd
    for (std::size_t j = 0; j < X.n_features; ++j) {
      const double x = static_cast<double>(a[j]);
      sum[j] += s[i] * x;
      low[j] = less(x, low[j]);
      high[j] = more(x, high[j]);
    }
  }
}

// out_i = factor_i (x_i - mean) scale, and factor_i in what width leaves beyond: the
// block of which a Gram matrix is made.
template <class T>
SKGD_INLINE void write_block(const Dense<T>& X, const double* mean, const double* scale,
                             const Chunk& chunk, const double* factor,
                             std::size_t width, double* out) {
  const std::size_t d = X.n_features;
  for (std::size_t i = chunk.begin; i < chunk.end; ++i, out += width) {
    const T* a = X.row(chunk.rows[i]);
    const double f = factor[i];
#pragma omp simd
    for (std::size_t j = 0; j < d; ++j)
      out[j] = f * (static_cast<double>(a[j]) - mean[j]) * scale[j];
    for (std::size_t j = d; j < width; ++j) out[j] = f;
  }
}

// --- CSR rows: sums over the stored entries; whoever calls corrects for the mean.

template <class T, class I>
SKGD_INLINE void centred_dots(const Csr<T, I>& X, const double*, const Chunk& chunk,
                              const double* u, double* z) {
  for (std::size_t i = chunk.begin; i < chunk.end; ++i) {
    const std::size_t begin = X.indptr[chunk.rows[i]],
                      end = X.indptr[chunk.rows[i] + 1];
    double sum[4] = {};
    std::size_t p = begin;
    for (; p + 4 <= end; p += 4)
      for (int l = 0; l < 4; ++l)
        sum[l] += static_cast<double>(X.values[p + l]) * u[X.indices[p + l]];
    for (; p < end; ++p) sum[0] += static_cast<double>(X.values[p]) * u[X.indices[p]];
    z[i] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
}

template <int kPower, class T, class I>
SKGD_INLINE void add_centred(const Csr<T, I>& X, const double* mean, const Chunk& chunk,
                             const double* r, double* g) {
  double* seen = g + X.n_features;  // sum of r over the stored entries, kPower 2
  for (std::size_t i = chunk.begin; i < chunk.end; ++i) {
    const double factor = r[i];
    if (factor == 0.0) continue;
    const std::size_t end = X.indptr[chunk.rows[i] + 1];
    for (std::size_t p = X.indptr[chunk.rows[i]]; p < end; ++p) {
      const std::size_t j = X.indices[p];
      if (kPower == 1) {
        g[j] += factor * static_cast<double>(X.values[p]);
      } else {
        const double centred = static_cast<double>(X.values[p]) - mean[j];
        g[j] += factor * centred * centred;
        seen[j] += factor;
      }
    }
  }
}

template <class T, class I>
SKGD_INLINE void add_range(const Csr<T, I>& X, const Chunk& chunk, const double* s,
                           double* sum, double* low, double* high) {
  double* count = high + X.n_features;  // stored entries of each column
  for (std::size_t i = chunk.begin; i < chunk.end; ++i) {
    const std::size_t end = X.indptr[chunk.rows[i] + 1];
    for (std::size_t p = X.indptr[chunk.rows[i]]; p < end; ++p) {
      const std::size_t j = X.indices[p];
      const double x = static_cast<double>(X.values[p]);
      sum[j] += s[i] * x;
      low[j] = std::min(low[j], x);
      high[j] = std::max(high[j], x);
      count[j] += 1.0;
    }
  }
}

// --- Both at once

// With z = (X - mean) u + b: g += sum_i d_i (x_i - mean) for d = s l'(z), and after g
// the sums of d and of s l. Each row is read once from memory.
template <class Design>
SKGD_INLINE void add_gradient(const Design& X, const double* mean, const Chunk& chunk,
                              const double* u, double b, const SampleLoss& f,
                              double* g) {
  double z[kSampleBlock], d[kSampleBlock], h[kSampleBlock];
  for (std::size_t i = chunk.begin; i < chunk.end; i += kSampleBlock) {
    const std::size_t R = std::min(kSampleBlock, chunk.end - i);
    const Chunk rows{chunk.rows + i, 0, R, std::max(chunk.last, i) - i};
    centred_dots(X, mean, rows, u, z);
    for (std::size_t r = 0; r < R; ++r) z[r] += b;
    const double value = evaluate_rows(f, i, R, z, d, h);
    add_centred<1>(X, mean, {chunk.rows + i, 0, R, 0}, d, g);
    for (std::size_t r = 0; r < R; ++r) g[X.n_features] += d[r];
    g[X.n_features + 1] += value;
  }
}

}  // namespace skgd
