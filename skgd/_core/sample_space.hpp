// Sample space of auto descent: the mean weighted loss of raw predictions, its first
// and second derivatives, and its restriction to a plane of raw predictions.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "loss.hpp"
#include "threads.hpp"

namespace skgd {

// sum_i s_i loss(y_i, z_i); weights s, arrays of sample space (K, n).
struct SampleLoss {
  Loss loss;
  const double* y;           // (n,) targets; null for softmax
  const std::int32_t* code;  // (n,) classes of softmax, or null
  const double* s;           // (n,)
  std::size_t n, K;          // K > 1 for softmax only
};

struct Range {
  std::size_t begin, end;
};

constexpr std::size_t kSampleBlock = 256;  // rows: a few arrays of 2 KB an output

// d = s l'(z), h = s l''(z) of m pairs; gives the sum of s * l.
template <class L>
SKGD_INLINE double evaluate_twice(L loss, std::size_t m, const double* y,
                                  const double* z, const double* s, double* d,
                                  double* h) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < m; ++i) {
    sum += s[i] * loss.value(y[i], z[i]);
    d[i] = s[i] * loss.derivative(y[i], z[i]);
    h[i] = s[i] * loss.second_derivative(y[i], z[i]);
  }
  return sum;
}

// Softmax of R rows, logits and shares p in arrays of K lines, `stride` apart.
SKGD_INLINE double softmax_shares(std::size_t R, std::size_t K,
                                  const std::int32_t* code, const double* z,
                                  std::size_t stride, const double* s, double* p,
                                  std::size_t p_stride) {
  double top[kSampleBlock], total[kSampleBlock], sum = 0.0;
  for (std::size_t r = 0; r < R; ++r) top[r] = z[r];
  for (std::size_t k = 1; k < K; ++k)
#pragma omp simd
    for (std::size_t r = 0; r < R; ++r) {
      const double zk = z[k * stride + r];
      top[r] = zk > top[r] ? zk : top[r];
    }
  for (std::size_t r = 0; r < R; ++r) total[r] = 0.0;
  for (std::size_t k = 0; k < K; ++k)
#pragma omp simd
    for (std::size_t r = 0; r < R; ++r) {
      const double e = exp_negative(top[r] - z[k * stride + r]);
      p[k * p_stride + r] = e;
      total[r] += e;
    }
  for (std::size_t r = 0; r < R; ++r) {
    sum += s[r] * (std::log(total[r]) + (top[r] - z[code[r] * stride + r]));
    total[r] = 1.0 / total[r];
  }
  for (std::size_t k = 0; k < K; ++k)
#pragma omp simd
    for (std::size_t r = 0; r < R; ++r) p[k * p_stride + r] *= total[r];
  return sum;
}

// d and h of rows [begin, begin + R), for a loss of one output.
SKGD_INLINE double evaluate_rows(const SampleLoss& f, std::size_t begin, std::size_t R,
                                 const double* z, double* d, double* h) {
  const double *y = f.y + begin, *s = f.s + begin;
  switch (f.loss.name) {
#define SKGD_CASE(name_, Type) \
  case LossName::name_:        \
    return evaluate_twice(Type{f.loss.parameter}, R, y, z, s, d, h);
    SKGD_LOSSES(SKGD_CASE)
#undef SKGD_CASE
    case LossName::written:
      return f.loss.written(R, y, z, s, d, h);
    case LossName::softmax:
      break;
  }
  return 0.0;
}

// Rows of a range: d = s l'(z), h = s l''(z) (of softmax s p (1 - p)); gives the loss.
SKGD_INLINE double evaluate_range(const SampleLoss& f, Range rows, const double* z,
                                  double* d, double* h) {
  double sum = 0.0;
  for (std::size_t i = rows.begin; i < rows.end; i += kSampleBlock) {
    const std::size_t R = std::min(kSampleBlock, rows.end - i);
    if (f.loss.name != LossName::softmax) {
      sum += evaluate_rows(f, i, R, z + i, d + i, h + i);
      continue;
    }
    const double* s = f.s + i;
    sum += softmax_shares(R, f.K, f.code + i, z + i, f.n, s, d + i, f.n);
    for (std::size_t k = 0; k < f.K; ++k) {
      double *dk = d + k * f.n + i, *hk = h + k * f.n + i;
#pragma omp simd
      for (std::size_t r = 0; r < R; ++r) {
        const double p = dk[r];
        dk[r] = s[r] * p;
        hk[r] = s[r] * p * (1.0 - p);
      }
    }
    for (std::size_t r = 0; r < R; ++r) d[f.code[i + r] * f.n + i + r] -= s[r];
  }
  return sum;
}

constexpr std::size_t kMostDirections = 4;
using BlockMemory = std::vector<double>;

// Value, gradient and Hessian in the plane, of blocks of R rows: Z_p points at
// direction p's rows, K lines `stride` apart.
struct Plane {
  std::size_t p;
  double value = 0.0;
  double gradient[kMostDirections] = {}, hessian[kMostDirections][kMostDirections] = {};

  void add(const Plane& other) {
    value += other.value;
    for (std::size_t a = 0; a < p; ++a) {
      gradient[a] += other.gradient[a];
      for (std::size_t b = 0; b <= a; ++b) hessian[a][b] += other.hessian[a][b];
    }
  }

  // One line of values: gradient += Z_a . d, hessian += Z_a . (h Z_b).
  SKGD_INLINE void add(std::size_t R, const double* const* Z, const double* d,
                       const double* h) {
    for (std::size_t a = 0; a < p; ++a) {
      double weighted[kSampleBlock], sum = 0.0;
      const double* za = Z[a];
#pragma omp simd reduction(+ : sum)
      for (std::size_t r = 0; r < R; ++r) {
        sum += za[r] * d[r];
        weighted[r] = za[r] * h[r];
      }
      gradient[a] += sum;
      for (std::size_t b = 0; b <= a; ++b) {
        double dot = 0.0;
        const double* zb = Z[b];
#pragma omp simd reduction(+ : dot)
        for (std::size_t r = 0; r < R; ++r) dot += weighted[r] * zb[r];
        hessian[a][b] += dot;
      }
    }
  }
};

// Adds the loss at z + sum_a c_a Z_a over a range of rows, and its gradient (p,) and
// Hessian (p, p) in c; `directions` is (p, K, n).
SKGD_INLINE void add_plane(const SampleLoss& f, Range rows, const double* z,
                           const double* directions, const double* c,
                           BlockMemory& memory, Plane& plane) {
  const std::size_t K = f.K, n = f.n, p = plane.p;
  double *at = memory.data(), *d = at + K * kSampleBlock, *h = d + K * kSampleBlock,
         *mean = h + K * kSampleBlock;
  for (std::size_t i = rows.begin; i < rows.end; i += kSampleBlock) {
    const std::size_t R = std::min(kSampleBlock, rows.end - i);
    for (std::size_t k = 0; k < K; ++k) {
      double* line = at + k * kSampleBlock;
      std::copy(z + k * n + i, z + k * n + i + R, line);
      for (std::size_t a = 0; a < p; ++a) {
        const double factor = c[a], *from = directions + (a * K + k) * n + i;
#pragma omp simd
        for (std::size_t r = 0; r < R; ++r) line[r] += factor * from[r];
      }
    }
    const double* lines[kMostDirections];
    if (f.loss.name != LossName::softmax) {
      plane.value += evaluate_rows(f, i, R, at, d, h);
      for (std::size_t a = 0; a < p; ++a) lines[a] = directions + a * n + i;
      plane.add(R, lines, d, h);
      continue;
    }
    const double* s = f.s + i;
    plane.value +=
        softmax_shares(R, K, f.code + i, at, kSampleBlock, s, d, kSampleBlock);
    std::fill(mean, mean + p * kSampleBlock, 0.0);
    for (std::size_t k = 0; k < K; ++k) {
      double *dk = d + k * kSampleBlock, *hk = h + k * kSampleBlock;
      for (std::size_t a = 0; a < p; ++a) {
        double* to = mean + a * kSampleBlock;
        lines[a] = directions + (a * K + k) * n + i;
#pragma omp simd
        for (std::size_t r = 0; r < R; ++r) to[r] += dk[r] * lines[a][r];
      }
      for (std::size_t r = 0; r < R; ++r) {
        hk[r] = s[r] * dk[r];
        dk[r] = hk[r] - (static_cast<std::size_t>(f.code[i + r]) == k ? s[r] : 0.0);
      }
      plane.add(R, lines, dk, hk);
    }
    for (std::size_t r = 0; r < R; ++r) {  // - (sum_k p_k Z_ak) (sum_k p_k Z_bk)
      for (std::size_t a = 0; a < p; ++a)
        for (std::size_t b = 0; b <= a; ++b)
          plane.hessian[a][b] -=
              s[r] * mean[a * kSampleBlock + r] * mean[b * kSampleBlock + r];
    }
  }
}

// Compiled once for each instruction set (sample_space_entry_points.cpp).
double evaluate_entry(const SampleLoss&, Range, const double* z, double* d, double* h);
void plane_entry(const SampleLoss&, Range, const double* z, const double* directions,
                 const double* c, BlockMemory&, Plane&);

// Ranges of 2^14 values of whole blocks, at most 16: sums over them are added in order,
// so that threads change no bit. What the user wrote is called once for all rows.
inline std::size_t range_count(const SampleLoss& f) {
  if (f.loss.name == LossName::written) return 1;
  return std::max<std::size_t>(1, std::min<std::size_t>(16, f.n * f.K / 16384));
}

inline Range range_of(const SampleLoss& f, std::size_t c, std::size_t n_ranges) {
  const std::size_t blocks = (f.n + kSampleBlock - 1) / kSampleBlock;
  return {std::min(f.n, blocks * c / n_ranges * kSampleBlock),
          std::min(f.n, blocks * (c + 1) / n_ranges * kSampleBlock)};
}

// d = s l'(z), h = s l''(z) (of softmax s p (1 - p)); gives the loss.
inline double evaluate(const SampleLoss& f, const double* z, double* d, double* h,
                       int n_threads) {
  if (f.loss.name == LossName::written) return f.loss.written(f.n, f.y, z, f.s, d, h);
  const std::size_t n_ranges = range_count(f);
  double sums[16];
  for_chunks(n_ranges, n_threads, [&](int, std::size_t c) {
    sums[c] = evaluate_entry(f, range_of(f, c, n_ranges), z, d, h);
  });
  return std::accumulate(sums, sums + n_ranges, 0.0);
}

// The loss at z + sum_a c_a Z_a, its gradient (p,) and Hessian (p, p) in c, in one
// pass; `directions` is (p, K, n).
inline double evaluate_plane(const SampleLoss& f, const double* z,
                             const double* directions, std::size_t p, const double* c,
                             double* gradient, double* hessian, int n_threads) {
  const std::size_t n_ranges = range_count(f);
  std::vector<BlockMemory> memory(worker_count(n_ranges, n_threads),
                                  BlockMemory((3 * f.K + p) * kSampleBlock));
  std::vector<Plane> parts(n_ranges, Plane{p});
  for_chunks(n_ranges, n_threads, [&](int worker, std::size_t r) {
    plane_entry(f, range_of(f, r, n_ranges), z, directions, c, memory[worker],
                parts[r]);
  });
  for (std::size_t r = 1; r < n_ranges; ++r) parts[0].add(parts[r]);
  for (std::size_t a = 0; a < p; ++a) {
    gradient[a] = parts[0].gradient[a];
    for (std::size_t b = 0; b <= a; ++b)
      hessian[a * p + b] = hessian[b * p + a] = parts[0].hessian[a][b];
  }
  return parts[0].value;
}

}  // namespace skgd
