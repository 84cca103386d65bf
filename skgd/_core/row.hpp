// One dense row, centred as it is read.
#pragma once

#include "platform.hpp"

namespace skgd {

template <class T>
SKGD_INLINE double centred_dot(const T* x, const double* mean, const double* w,
                               std::size_t d) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t j = 0; j < d; ++j)
    sum += (static_cast<double>(x[j]) - mean[j]) * w[j];
  return sum;
}

}  // namespace skgd
