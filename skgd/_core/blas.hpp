// The two routines of BLAS that a Gram matrix takes, by the pointers that SciPy gives.
#pragma once

#include <algorithm>
#include <cstddef>

namespace skgd {

struct Blas {
  void (*dsyrk)(char*, char*, int*, int*, double*, double*, int*, double*, double*,
                int*);
  void (*dgemm)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*,
                double*, double*, int*);

  // gram (width, width) += block' block for a block (m, width): the upper half
  void add_gram(std::size_t width, std::size_t m, double* block, double* gram) const {
    char lower = 'L', plain = 'N';  // its columns are our lines
    int w = static_cast<int>(width), k = static_cast<int>(m);
    double one = 1.0;
    dsyrk(&lower, &plain, &w, &k, &one, block, &w, &one, gram, &w);
  }

  // cross (n, width) += lines block, for lines (n, m)
  void add_cross(std::size_t width, std::size_t m, double* block, std::size_t n,
                 double* lines, double* cross) const {
    char plain = 'N';
    int w = static_cast<int>(width), k = static_cast<int>(m), r = static_cast<int>(n);
    double one = 1.0;
    dgemm(&plain, &plain, &w, &r, &k, &one, block, &w, lines, &k, &one, cross, &w);
  }
};

// Makes a matrix whole of which the upper half is known, in tiles that stay in cache.
inline void mirror_upper(std::size_t width, double* gram) {
  constexpr std::size_t kMirrored = 32;
  for (std::size_t I = 0; I < width; I += kMirrored)
    for (std::size_t J = 0; J <= I; J += kMirrored)
      for (std::size_t i = I; i < std::min(I + kMirrored, width); ++i)
        for (std::size_t j = J; j < std::min(J + kMirrored, i); ++j)
          gram[i * width + j] = gram[j * width + i];
}

}  // namespace skgd
