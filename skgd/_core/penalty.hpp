// Penalties in feature space: alpha * R(w) = ridge / 2 |w|^2 + l1 |w|_1.
#pragma once

#include <cmath>

#include "platform.hpp"

namespace skgd {

struct Penalty {
  double ridge;  // the smooth part: its gradient is ridge * w
  double l1;     // the rest, left to a proximal map

  SKGD_INLINE double decay(double eta) const {
    const double factor = 1.0 - eta * ridge;
    return factor > 0.0 ? factor : 0.0;  // a step past zero would flip every sign
  }

  template <class T>
  double value(std::size_t n, const T* w) const {
    double squares = 0.0, sizes = 0.0;
#pragma omp simd reduction(+ : squares, sizes)
    for (std::size_t j = 0; j < n; ++j) {
      const double size = std::fabs(static_cast<double>(w[j]));
      squares += size * size;
      sizes += size;
    }
    // Without a penalty an infinite w costs nothing.
    return (ridge != 0.0 ? 0.5 * ridge * squares : 0.0) +
           (l1 != 0.0 ? l1 * sizes : 0.0);
  }
};

// argmin_u (u - w)^2 / 2 + threshold |u|
template <class T>
SKGD_INLINE T soft_threshold(T w, T threshold) {
  const T size = std::fabs(w) - threshold;
  return std::copysign(positive_part(size), w) + T(0);
}

// The l1 penalty of noisy steps (Tsuruoka, Tsujii, Ananiadou, ACL 2009, section 3.2).
//
// A single sample pushes a coefficient off zero by eta * d * x, of which soft
// thresholding takes only eta * l1 back: its iterates are never sparse. Here each
// coefficient counts the penalty it has `received`; what all should have received by
// now is `owed`, and the difference is taken whenever there is something to take it
// from. Both are in units of v = w / scale, so an old debt decays with the weights.
// Between two visits nothing but the penalty moves a coefficient, so that settling
// late, when a row that has the column comes up, is the same as settling at each step.
template <class T>
struct CumulativeL1 {
  T* received;  // signed, in the layout of v
  double owed;

  // Takes what is owed from one coefficient. No branch: which coefficients end at zero
  // can't be predicted. (+ 0 turns -0 into 0.)
  SKGD_INLINE T settle(T* v, T* its_received) const {
    const T old = *v, sign = std::copysign(T(1), old);
    const T size = std::fabs(old) - (static_cast<T>(owed) + sign * *its_received);
    const T settled = std::copysign(positive_part(size), old) + T(0);
    *its_received += settled - old;
    *v = settled;
    return settled;
  }

  SKGD_INLINE void settle_all(T* v, std::size_t size) const {
    const CumulativeL1 self = *this;
#pragma omp simd
    for (std::size_t j = 0; j < size; ++j) self.settle(v + j, self.received + j);
  }
};

}  // namespace skgd
