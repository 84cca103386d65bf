// A sweep of Rosenblatt's rule, row by row: where y z <= 0,
//     w <- w + s y M (x - mean),    b <- b + s y,
// with M the diagonal metric in which columns are alike. `late` gathers t times each
// change, so that w - late / T is the mean of the T iterates without a pass for it.
#pragma once

#include <vector>

#include "design.hpp"
#include "row.hpp"

namespace skgd {

struct Sweep {
  const double *y, *s;  // +-1 and weights, by position
  const double *mean, *metric;
  const std::uint32_t *order, *rows;  // positions to visit; their rows of X
  std::size_t n_steps;
  bool fit_intercept;
  double t;          // steps taken before
  double *w, *late;  // (d + 1,), the intercept last
  double mistakes;   // their weight
};

template <class T>
SKGD_INLINE void run_sweep(const Dense<T>& X, Sweep& f) {
  const std::size_t d = X.n_features;
  for (std::size_t i = 0; i < f.n_steps; ++i, f.t += 1.0) {
    X.prefetch(f.rows + i, f.n_steps - i);
    const T* x = X.row(f.rows[i]);
    const double y = f.y[f.order[i]], s = f.s[f.order[i]];
    const double z = centred_dot(x, f.mean, f.w, d) + f.w[d];
    if (!(y * z <= 0.0) || s == 0.0) continue;
    const double now = s * y, then = now * f.t;
    f.mistakes += s;
#pragma omp simd
    for (std::size_t j = 0; j < d; ++j) {
      const double a = f.metric[j] * (static_cast<double>(x[j]) - f.mean[j]);
      f.w[j] += now * a;
      f.late[j] += then * a;
    }
    f.w[d] += f.fit_intercept ? now : 0.0;
    f.late[d] += f.fit_intercept ? then : 0.0;
  }
}

// Of sparse rows w and late hold the sums of s y M x, and what the mean takes from them
// is so many times M mean: O(non-zeros) a step.
template <class T, class I>
SKGD_INLINE void run_sweep(const Csr<T, I>& X, Sweep& f) {
  const std::size_t d = X.n_features;
  std::vector<double> shift(d);
  double size = 0.0, level = 0.0;  // mean' M mean, mean' w
  for (std::size_t j = 0; j < d; ++j) {
    shift[j] = f.metric[j] * f.mean[j];
    size += f.mean[j] * shift[j];
    level += f.mean[j] * f.w[j];
  }
  double taken = 0.0, taken_late = 0.0;
  for (std::size_t i = 0; i < f.n_steps; ++i, f.t += 1.0) {
    X.prefetch(f.rows + i, f.n_steps - i);
    const std::size_t begin = X.indptr[f.rows[i]], end = X.indptr[f.rows[i] + 1];
    const double y = f.y[f.order[i]], s = f.s[f.order[i]];
    double z = f.w[d] - level + taken * size, along = 0.0;
    for (std::size_t p = begin; p < end; ++p) {
      const std::size_t j = X.indices[p];
      const double x = static_cast<double>(X.values[p]);
      z += x * f.w[j];
      along += x * shift[j];
    }
    z -= taken * along;
    if (!(y * z <= 0.0) || s == 0.0) continue;
    const double now = s * y, then = now * f.t;
    f.mistakes += s;
    for (std::size_t p = begin; p < end; ++p) {
      const std::size_t j = X.indices[p];
      const double a = f.metric[j] * static_cast<double>(X.values[p]);
      f.w[j] += now * a;
      f.late[j] += then * a;
    }
    level += now * along;
    taken += now;
    taken_late += then;
    f.w[d] += f.fit_intercept ? now : 0.0;
    f.late[d] += f.fit_intercept ? then : 0.0;
  }
  for (std::size_t j = 0; j < d; ++j) {
    f.w[j] -= taken * shift[j];
    f.late[j] -= taken_late * shift[j];
  }
}

}  // namespace skgd
