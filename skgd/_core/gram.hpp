// The upper half of B'B for blocks of rows of some hundred columns.
//
// BLAS's dsyrk is made for large matrices: a Gram matrix of 569 rows and 30 columns
// took 59 us with it and takes 30, of 1797 and 64 336 and 267, of 20 000 and 50 2.7 ms
// and 2.2.
#pragma once

#include <cstddef>
#include <cstring>

#include "platform.hpp"

namespace skgd {

constexpr std::size_t kMostTiled = 300;  // columns beyond which dsyrk is as fast
constexpr std::size_t kTileValues =
    12288;  // of a block: 96 KB, which need no new pages

#if defined(__GNUC__)
typedef double FourDoubles __attribute__((vector_size(32)));
constexpr std::size_t kFour = 4;
#else
typedef double FourDoubles;
constexpr std::size_t kFour = 1;
#endif
// Sums of 4 x 2 x 4 values: with the operands 11 of 16 registers of 256 bits.
constexpr std::size_t kTileLines = 4, kTileVectors = 2,
                      kTileWidth = kTileVectors * kFour;

// Whether vectors of 256 bits are in registers: elsewhere gcc keeps the sums in memory,
// and they take fifty times as long.
inline bool tiles_pay() {
#if defined(SKGD_CLONED)
  static const bool wide =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return wide;
#elif defined(__AVX2__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__) || defined(SKGD_NO_CLONES)
  return true;
#else
  return false;
#endif
}

// What a tile reads beyond the last row: the block has room for it.
constexpr std::size_t kTileMargin = kTileWidth + kTileLines;

// gram_ij += sum_r b_ri b_rj for lines i of [I, I + 4) and columns j of [J, J + 8).
SKGD_INLINE void add_tile(std::size_t width, std::size_t m, const double* block,
                          std::size_t I, std::size_t J, double* gram) {
  FourDoubles sum[kTileLines][kTileVectors] = {};
  const double *a = block + I, *b = block + J;
  for (std::size_t r = 0; r < m; ++r, a += width, b += width) {
    FourDoubles x[kTileVectors];
    for (std::size_t j = 0; j < kTileVectors; ++j)
      std::memcpy(&x[j], b + j * kFour, sizeof(FourDoubles));
    for (std::size_t i = 0; i < kTileLines; ++i)
      for (std::size_t j = 0; j < kTileVectors; ++j) sum[i][j] += a[i] * x[j];
  }
  for (std::size_t i = 0; i < kTileLines && I + i < width; ++i) {
    double line[kTileWidth];
    std::memcpy(line, sum[i], sizeof(line));
    for (std::size_t j = 0; j < kTileWidth && J + j < width; ++j)
      gram[(I + i) * width + J + j] += line[j];
  }
}

// gram (width, width) += block' block for a block (m, width) and its margin: the upper
// half, and some of the lower.
SKGD_INLINE void add_tiles(std::size_t width, std::size_t m, const double* block,
                           double* gram) {
  for (std::size_t I = 0; I < width; I += kTileLines)
    for (std::size_t J = I; J < width; J += kTileWidth)
      add_tile(width, m, block, I, J, gram);
}

void add_tiles_entry(std::size_t width, std::size_t m, const double* block,
                     double* gram);

}  // namespace skgd
