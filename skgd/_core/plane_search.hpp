// The exact plane search: F minimised over z + sum_a c_a Z_a, without a pass over X.
#pragma once

#include <algorithm>
#include <cmath>

#include "sample_space.hpp"

namespace skgd {

constexpr int kMostSteps = 10;  // Newton's, in two or three variables
constexpr int kMostHalvings = 40;
// Times a move that one step follows it: where no row curves F goes on as a line, and
// the rest of its curvature is rounding.
constexpr double kFarthest = 1e3;
constexpr double kFlat = 1e-12;  // share of the largest eigenvalue: a flat direction

// LAPACK's eigenvalues of a symmetric matrix, by the pointer that SciPy gives.
using Dsyev = void (*)(char*, char*, int*, double*, int*, double*, double*, int*, int*);

// The penalty on the plane: constant + linear . c + c' matrix c / 2.
struct PlanePenalty {
  double constant = 0.0;
  double linear[kMostDirections] = {};
  double matrix[kMostDirections][kMostDirections] = {};
};

// sum ridge_j v_j^2 / 2 on v + sum_a c_a moves_a, for v (K, d) and moves (p, K, d).
inline PlanePenalty ridge_on_plane(const double* ridge, std::size_t K, std::size_t d,
                                   const double* v, std::size_t p,
                                   const double* moves) {
  PlanePenalty penalty;
  for (std::size_t k = 0; k < K; ++k)
    for (std::size_t j = 0; j < d; ++j) {
      const double *at = moves + k * d + j, weighted = ridge[j] * v[k * d + j];
      penalty.constant += 0.5 * weighted * v[k * d + j];
      for (std::size_t a = 0; a < p; ++a) {
        const double move = at[a * K * d];
        penalty.linear[a] += weighted * move;
        for (std::size_t b = 0; b <= a; ++b)
          penalty.matrix[a][b] += ridge[j] * move * at[b * K * d];
      }
    }
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = a + 1; b < p; ++b) penalty.matrix[a][b] = penalty.matrix[b][a];
  return penalty;
}

// F at c: value, gradient (p,) and Hessian (p, p).
struct PlanePoint {
  double value;
  double gradient[kMostDirections], hessian[kMostDirections * kMostDirections];

  bool finite(std::size_t p) const {
    return std::isfinite(value) && std::all_of(hessian, hessian + p * p, [](double x) {
             return std::isfinite(x);
           });
  }
};

// step = -H^-1 g, H in coordinates of unit diagonal and its eigenvalues not too small.
inline void plane_step(std::size_t p, const double* gradient, const double* hessian,
                       Dsyev dsyev, double* step) {
  double top = hessian[0], diagonal[kMostDirections], scale[kMostDirections],
         values[kMostDirections], vectors[kMostDirections * kMostDirections],
         work[8 * kMostDirections];
  for (std::size_t a = 1; a < p; ++a) top = std::max(top, hessian[a * p + a]);
  std::fill(step, step + p, 0.0);
  if (!(top > 0.0)) {  // all rows are flat here: the first move as it is
    step[0] = gradient[0] > 0.0 ? -1.0 : gradient[0] < 0.0 ? 1.0 : 0.0;
    return;
  }
  for (std::size_t a = 0; a < p; ++a) {
    diagonal[a] = std::max(hessian[a * p + a], std::fabs(gradient[a]) / kFarthest);
    scale[a] = diagonal[a] > 0.0 ? 1.0 / std::sqrt(diagonal[a]) : 1.0;
  }
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b < p; ++b)
      vectors[a * p + b] =
          (a == b ? diagonal[a] : hessian[a * p + b]) * scale[a] * scale[b];
  char with_vectors = 'V', upper = 'U';
  int n = static_cast<int>(p), size = 8 * kMostDirections, failed = 0;
  dsyev(&with_vectors, &upper, &n, vectors, &n, values, work, &size, &failed);
  const double least = kFlat * std::max(values[p - 1], 1e-300);
  for (std::size_t e = 0; e < p; ++e) {
    double along = 0.0;
    for (std::size_t a = 0; a < p; ++a)
      along += vectors[e * p + a] * scale[a] * gradient[a];
    along /= values[e] < least ? least : values[e];
    for (std::size_t a = 0; a < p; ++a)
      step[a] -= scale[a] * vectors[e * p + a] * along;
  }
}

class PlaneSearch {
 public:
  PlaneSearch(const SampleLoss& loss, bool quadratic, const double* z,
              const double* images, std::size_t p, const PlanePenalty& penalty,
              Dsyev dsyev, int n_threads)
      : loss_(loss),
        quadratic_(quadratic),
        z_(z),
        images_(images),
        p_(p),
        penalty_(penalty),
        dsyev_(dsyev),
        n_threads_(n_threads) {}

  // Newton's method from c = 0, each evaluation a loop over the rows; steps are halved
  // until F falls as Armijo asks, so that F never rises. Gives F at c.
  double minimise(double* c) const {
    double first_gain = -1.0, step[kMostDirections];
    std::fill(c, c + p_, 0.0);
    PlanePoint point = at(c);
    for (int i = 0; i < kMostSteps; ++i) {
      plane_step(p_, point.gradient, point.hessian, dsyev_, step);
      double slope = 0.0;
      for (std::size_t a = 0; a < p_; ++a) slope += point.gradient[a] * step[a];
      const double before = point.value;
      if (!(slope < 0.0) || !search(step, slope, c, point)) break;
      const double gain = before - point.value;
      if (first_gain < 0.0) first_gain = gain;
      if (gain <= 1e-3 * first_gain || quadratic_) break;
    }
    return point.value;
  }

 private:
  PlanePoint at(const double* c) const {
    PlanePoint point;
    point.value = evaluate_plane(loss_, z_, images_, p_, c, point.gradient,
                                 point.hessian, n_threads_) +
                  penalty_.constant;
    for (std::size_t a = 0; a < p_; ++a) {
      double slope = 0.0;
      for (std::size_t b = 0; b < p_; ++b) {
        slope += penalty_.matrix[a][b] * c[b];
        point.hessian[a * p_ + b] += penalty_.matrix[a][b];
      }
      point.value += (penalty_.linear[a] + 0.5 * slope) * c[a];
      point.gradient[a] += penalty_.linear[a] + slope;
    }
    return point;
  }

  // Goes along the step as far as F falls enough; tells whether it does.
  bool search(const double* step, double slope, double* c, PlanePoint& point) const {
    double t = 1.0, trial[kMostDirections];
    for (int i = 0; i < kMostHalvings; ++i, t *= t > 1e-3 ? 0.5 : 0.1) {
      for (std::size_t a = 0; a < p_; ++a) trial[a] = c[a] + t * step[a];
      const PlanePoint found = at(trial);
      const double allowed =
          point.value + 1e-4 * t * slope + 2e-16 * std::fabs(point.value);
      if (!std::isfinite(found.value) || !(found.value <= allowed)) continue;
      if (!found.finite(p_)) return false;
      std::copy(trial, trial + p_, c);
      point = found;
      return true;
    }
    return false;
  }

  const SampleLoss& loss_;
  bool quadratic_;
  const double *z_, *images_;
  std::size_t p_;
  const PlanePenalty& penalty_;
  Dsyev dsyev_;
  int n_threads_;
};

}  // namespace skgd
