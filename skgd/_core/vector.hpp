// Sums and updates over contiguous rows, several rows and outputs at a time.
//
// A tile of R rows by K outputs shares its loads. Rows are short (10 to 100 values)
// as often as long, so the tail is not left to a scalar loop: lanes are halved
// down to one, which is the order in which the partial sums are folded anyway.
#pragma once

#include <algorithm>
#include <cstring>

#include "platform.hpp"

namespace skgd {

// Bytes of a vector. What exceeds the registers gcc keeps in memory, three times slower
// (measured, 64 bytes with AVX2); 64 bytes gain nothing on a processor that has them.
#if defined(__x86_64__) || defined(_M_X64)
constexpr std::size_t kVectorBytes = 32;
#else
constexpr std::size_t kVectorBytes = 16;
#endif

#if defined(__GNUC__)
template <class T, int N>
struct LanesOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N>
using Lanes = typename LanesOf<T, N>::type;

template <class To, class From>
SKGD_INLINE To convert(From from) {
  return __builtin_convertvector(from, To);
}
#else
template <class T, int N>
struct Lanes {
  T lane[N];
  T operator[](int i) const { return lane[i]; }
};
template <class T, int N>
Lanes<T, N>& operator+=(Lanes<T, N>& a, const Lanes<T, N>& b) {
  for (int i = 0; i < N; ++i) a.lane[i] += b.lane[i];
  return a;
}
template <class T, int N>
Lanes<T, N> operator+(Lanes<T, N> a, const Lanes<T, N>& b) {
  return a += b;
}
template <class T, int N>
Lanes<T, N> operator*(Lanes<T, N> a, const Lanes<T, N>& b) {
  for (int i = 0; i < N; ++i) a.lane[i] *= b.lane[i];
  return a;
}
template <class T, int N>
Lanes<T, N> operator*(Lanes<T, N> a, T b) {
  for (int i = 0; i < N; ++i) a.lane[i] *= b;
  return a;
}
template <class To, class T, int N>
To convert(const Lanes<T, N>& from) {
  To to;
  for (int i = 0; i < N; ++i) to.lane[i] = from.lane[i];
  return to;
}
#endif

template <class T, int N>
SKGD_INLINE Lanes<T, N> load(const T* from) {
  Lanes<T, N> lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

template <class T, int N>
SKGD_INLINE void store(T* to, Lanes<T, N> lanes) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

template <class T, int N>
SKGD_INLINE Lanes<T, N / 2> fold(Lanes<T, N> lanes) {
  Lanes<T, N / 2> halves[2];
  std::memcpy(halves, &lanes, sizeof(lanes));
  return halves[0] + halves[1];
}

// Folds the partial sums to half as many lanes, adds the columns from `j` on that
// fill these, and goes on until one lane is left.
template <int N, int R, int K, class T>
SKGD_INLINE void finish_dots(const T* const* x, const T* const* w, std::size_t d,
                             std::size_t j, const Lanes<T, N>* wide, double* out) {
  if constexpr (N * sizeof(T) == 16) {  // narrower vectors are slower than scalars
    for (int r = 0; r < R; ++r)
      for (int k = 0; k < K; ++k) {
        T sum = wide[r * K + k][0] + wide[r * K + k][1];
        if constexpr (N == 4) sum += wide[r * K + k][2] + wide[r * K + k][3];
        for (std::size_t i = j; i < d; ++i) sum += x[r][i] * w[k][i];
        out[r * K + k] = static_cast<double>(sum);
      }
  } else {
    Lanes<T, N / 2> sum[R * K];
    for (int i = 0; i < R * K; ++i) sum[i] = fold<T, N>(wide[i]);
    if (j + N / 2 <= d) {
      for (int r = 0; r < R; ++r)
        for (int k = 0; k < K; ++k)
          sum[r * K + k] += load<T, N / 2>(x[r] + j) * load<T, N / 2>(w[k] + j);
      j += N / 2;
    }
    finish_dots<N / 2, R, K, T>(x, w, d, j, sum, out);
  }
}

// out[r * K + k] = x_r . w_k; `on_the_way(j)` is called at columns a line or two apart
template <int R, int K, class T, class OnTheWay>
SKGD_INLINE void dots(const T* const* x, const T* const* w, std::size_t d, double* out,
                      OnTheWay on_the_way) {
  constexpr int N = kVectorBytes / sizeof(T);
  Lanes<T, N> sum[R * K] = {};
  std::size_t j = 0;
  if constexpr (R * K == 1) {  // four chains hide the latency of multiply-add
    Lanes<T, N> more[3] = {};
    for (; j + 4 * N <= d; j += 4 * N) {
      on_the_way(j);
      on_the_way(j + 2 * N);
      sum[0] += load<T, N>(x[0] + j) * load<T, N>(w[0] + j);
      for (int i = 0; i < 3; ++i)
        more[i] +=
            load<T, N>(x[0] + j + (i + 1) * N) * load<T, N>(w[0] + j + (i + 1) * N);
    }
    sum[0] += more[0] + (more[1] + more[2]);
  }
  const auto add = [&](std::size_t i) SKGD_INLINE_LAMBDA {
    for (int r = 0; r < R; ++r)
      for (int k = 0; k < K; ++k)
        sum[r * K + k] += load<T, N>(x[r] + i) * load<T, N>(w[k] + i);
  };
  for (; j + 2 * N <= d; j += 2 * N) {
    on_the_way(j);
    add(j), add(j + N);
  }
  for (; j + N <= d; j += N) add(j);
  finish_dots<N, R, K, T>(x, w, d, j, sum, out);
}

// target_k += sum_r c[r * K + k] x_r from column j on, N at a time, then half as many
template <int N, int R, int K, class T, class Target, class OnTheWay>
SKGD_INLINE void add_from(const T* const* x, const T* c, std::size_t d, std::size_t j,
                          Target* const* target, OnTheWay on_the_way) {
  if constexpr (N * sizeof(T) < 16) {
    for (; j < d; ++j)
      for (int k = 0; k < K; ++k) {
        T sum = c[k] * x[0][j];
        for (int r = 1; r < R; ++r) sum += c[r * K + k] * x[r][j];
        target[k][j] += sum;
      }
  } else {
    const auto add = [&](std::size_t i) SKGD_INLINE_LAMBDA {
      for (int k = 0; k < K; ++k) {
        Lanes<T, N> sum = load<T, N>(x[0] + i) * c[k];
        for (int r = 1; r < R; ++r) sum += load<T, N>(x[r] + i) * c[r * K + k];
        store<Target, N>(target[k] + i, load<Target, N>(target[k] + i) +
                                            convert<Lanes<Target, N>>(sum));
      }
    };
    for (; j + 2 * N <= d; j += 2 * N) {
      on_the_way(j);
      add(j), add(j + N);
    }
    for (; j + N <= d; j += N) add(j);
    add_from<N / 2, R, K, T, Target>(x, c, d, j, target, on_the_way);
  }
}

template <int R, int K, class T, class Target, class OnTheWay>
SKGD_INLINE void add_rows(const T* const* x, const T* c, std::size_t d,
                          Target* const* target, OnTheWay on_the_way) {
  constexpr int N = std::max(kVectorBytes / sizeof(Target), 16 / sizeof(T));
  add_from<N, R, K, T, Target>(x, c, d, 0, target, on_the_way);
}

}  // namespace skgd
