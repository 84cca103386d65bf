// Coordinate descent on F itself, over columns of a sparse X: Newton steps of single
// coefficients, each along a line search over the rows of its column. A model of F is
// no guide where most rows are flat at present and curve once they are passed; steps
// of which each sees what the last one did are (Yuan, Chang, Hsieh, Lin, "A comparison
// of optimization methods and software for large-scale L1-regularized linear
// classification", JMLR 11, 2010: CDN). The intercept is raw, so that columns stay
// sparse.
#pragma once

#include "coordinate_sparse.hpp"
#include "loss.hpp"

namespace skgd {

struct ColumnProblem {
  SparseColumns X;
  Loss loss;
  const double *y, *s, *ridge;
  Kinks kinks;
  bool free_intercept;
};

struct ColumnState {
  double *v, *b, *z;  // z = X q v + b
  uint32_t* order;    // of the columns: those to visit first
  size_t n_active;
  double slack;  // a zero whose slope is that far from its bound is dropped
};

struct ColumnSweep {
  double gain, violation;  // of F; the largest slope that is left
  size_t n_active;
};

template <class L>
class ColumnSweeps {
 public:
  SKGD_INLINE ColumnSweeps(const ColumnProblem& problem, L loss, ColumnState& state)
      : X_(problem.X), problem_(problem), loss_(loss), state_(state), rows_(X_.n) {
    size_t most = 0;
    for (size_t j = 0; j < X_.p; ++j)
      most = std::max(most, static_cast<size_t>(X_.begin[j + 1] - X_.begin[j]));
    block_.resize(std::max(most, kBlock));
    for (size_t i = 0; i < X_.n; ++i)
      rows_[i] = {state.z[i], problem.y[i], problem.s[i], 0, 0, 0};
    for_blocks([&](size_t first, size_t m) {
      take(m, [&](size_t k) { return first + k; });
      add(m, 0.0, [&](size_t) { return 0.0; });
      put(m, [&](size_t k) { return first + k; });
    });
  }

  SKGD_INLINE ColumnSweep run() {
    ColumnSweep sweep{0, 0, state_.n_active};
    for (size_t k = 0; k < sweep.n_active;) {
      if (visit(state_.order[k], sweep)) {
        ++k;
      } else {
        std::swap(state_.order[k], state_.order[--sweep.n_active]);
      }
    }
    if (problem_.free_intercept) sweep.gain += step_intercept(kWorth * sweep.gain);
    for (size_t i = 0; i < X_.n; ++i) state_.z[i] = rows_[i].z;
    return sweep;
  }

 private:
  struct Row {
    double z, y, s, value, d, h;
  };
  // Rows side by side, as they are and after a step, for a vector loop.
  struct Block {
    std::vector<double> start, y, s, before, z, value, d, h;
    void resize(size_t m) {
      for (auto* each : {&start, &y, &s, &before, &z, &value, &d, &h}) each->resize(m);
    }
  };

  template <class Position>
  SKGD_INLINE void take(size_t m, Position position) {
    for (size_t k = 0; k < m; ++k) {
      const Row& row = rows_[position(k)];
      block_.start[k] = row.z, block_.y[k] = row.y, block_.s[k] = row.s;
      block_.before[k] = row.value;
    }
  }

  // z = start + t x; gives by how much the loss rises.
  template <class Value>
  SKGD_INLINE double add(size_t m, double t, Value x) {
    const double *start = block_.start.data(), *y = block_.y.data(),
                 *s = block_.s.data(), *before = block_.before.data();
    double *z = block_.z.data(), *value = block_.value.data(), *d = block_.d.data(),
           *h = block_.h.data(), rise = 0;
#pragma omp simd reduction(+ : rise)
    for (size_t k = 0; k < m; ++k) {
      z[k] = start[k] + t * x(k);
      value[k] = s[k] * loss_.value(y[k], z[k]);
      d[k] = s[k] * loss_.derivative(y[k], z[k]);
      h[k] = s[k] * loss_.second_derivative(y[k], z[k]);
      rise += value[k] - before[k];
    }
    return rise;
  }

  template <class Position>
  SKGD_INLINE void put(size_t m, Position position) {
    for (size_t k = 0; k < m; ++k) {
      Row& row = rows_[position(k)];
      row.z = block_.z[k], row.value = block_.value[k];
      row.d = block_.d[k], row.h = block_.h[k];
    }
  }

  template <class Do>
  SKGD_INLINE void for_blocks(Do act) const {
    for (size_t i = 0; i < X_.n; i += kBlock) act(i, std::min(kBlock, X_.n - i));
  }

  // Gives whether the column is worth another visit.
  SKGD_INLINE bool visit(size_t j, ColumnSweep& sweep) {
    double v = state_.v[j], g = 0, a = 0, q = X_.scale[j];
    if (!(q > 0)) return false;
    for (int64_t k = X_.begin[j]; k < X_.begin[j + 1]; ++k) {
      const Row& row = rows_[X_.row[k]];
      g += row.d * X_.value[k];
      a += row.h * X_.value[k] * X_.value[k];
    }
    g = g * q + problem_.ridge[j] * v;
    a = std::max(a * q * q + problem_.ridge[j], kLeastCurvature);
    double left = violation(j, v, g);
    if (v == 0 && problem_.kinks.kinked(j) && left < -state_.slack) return false;
    sweep.violation = std::max(sweep.violation, left);
    double delta = problem_.kinks.minimiser(j, a, a * v - g) - v;
    delta = std::clamp(delta, -kLongest, kLongest);
    if (delta != 0) sweep.gain += search(j, v, delta, g);
    return true;
  }

  // How far the slope is from allowing v to stay; negative inside.
  double violation(size_t j, double v, double g) const {
    double l1 = problem_.kinks.l1[j];
    if (v != 0) return std::fabs(g + problem_.kinks.slope(j, v));
    return (problem_.kinks.nonnegative[j] ? -g : std::fabs(g)) - l1;
  }

  // Goes along delta as far as F falls enough; gives by how much.
  SKGD_INLINE double search(size_t j, double v, double delta, double g) {
    const double l1 = problem_.kinks.l1[j], ridge = problem_.ridge[j];
    double promised = g * delta + l1 * (std::fabs(v + delta) - std::fabs(v));
    if (!(promised < 0)) return 0;
    const double* x = X_.value + X_.begin[j];
    const int32_t* row = X_.row + X_.begin[j];
    const size_t m = X_.begin[j + 1] - X_.begin[j];
    take(m, [&](size_t k) { return row[k]; });
    for (int trial = 0; trial < kTrials; ++trial, delta *= 0.5, promised *= 0.5) {
      const double rise = l1 * (std::fabs(v + delta) - std::fabs(v)) +
                          ridge * delta * (v + 0.5 * delta) +
                          add(m, delta * X_.scale[j], [&](size_t k) { return x[k]; });
      if (!(rise <= kEnough * promised)) continue;
      state_.v[j] = v + delta;
      put(m, [&](size_t k) { return row[k]; });
      return -rise;
    }
    return 0;
  }

  SKGD_INLINE double step_intercept(double worth) {
    double g = 0, a = kLeastCurvature;
    for (const Row& row : rows_) g += row.d, a += row.h;
    if (!(0.5 * g * g > worth * a)) return 0;
    double delta = -g / a;
    for (int trial = 0; trial < kTrials; ++trial, delta *= 0.5) {
      double rise = shift(delta, false);
      if (!(rise <= kEnough * g * delta)) continue;
      shift(delta, true);
      *state_.b += delta;
      return -rise;
    }
    return 0;
  }

  // Gives by how much the loss rises if all z move by delta.
  SKGD_INLINE double shift(double delta, bool stay) {
    double rise = 0;
    for_blocks([&](size_t first, size_t m) {
      take(m, [&](size_t k) { return first + k; });
      rise += add(m, delta, [](size_t) { return 1.0; });
      if (stay) put(m, [&](size_t k) { return first + k; });
    });
    return rise;
  }

  static constexpr int kTrials = 30;
  static constexpr size_t kBlock = 256;
  static constexpr double kEnough = 1e-2;           // of what the slope promises
  static constexpr double kLeastCurvature = 1e-12;  // in coordinates in which it is 1
  static constexpr double kLongest = 10.0;          // step, there
  static constexpr double kWorth = 1e-2;  // of a sweep's gain: the intercept's visit
  SparseColumns X_;
  const ColumnProblem& problem_;
  L loss_;
  ColumnState& state_;
  std::vector<Row> rows_;
  Block block_;
};

SKGD_INLINE ColumnSweep run_sweep(const ColumnProblem& problem, ColumnState& state) {
  switch (problem.loss.name) {
#define SKGD_CASE(name_, Type) \
  case LossName::name_:        \
    return ColumnSweeps<Type>(problem, Type{problem.loss.parameter}, state).run();
    SKGD_LOSSES(SKGD_CASE)
#undef SKGD_CASE
    default:
      return {0, 0, state.n_active};
  }
}

// Compiled once for each instruction set (column_entry_points.cpp).
ColumnSweep sweep_columns(const ColumnProblem& problem, ColumnState& state);

}  // namespace skgd
