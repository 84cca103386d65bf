// Coordinate ascent on the dual of  sum_i l_i(x_i . w + b) + alpha |w|^2 / 2  for
// losses of straight and quadratic pieces, on sparse rows.
//
// l_i(z) = max over t in [lo_i, hi_i] of  t (z - centre_i) - e |t| - gamma_i t^2 / 2,
// the weight of the row inside. Where gamma = 0 (of all rows or none) the loss has
// kinks. w = -sum_i t_i x_i / alpha is kept up to date, so the gradient
// in w is zero whatever t is (Hsieh et al., "A dual coordinate descent method for
// large-scale linear SVM", ICML 2008). The intercept has no penalty; its equation
// sum t = 0 is reached by multiplier steps: a sweep maximises with the proximal term
// (b - b_centre)^2 / (2 beta), in which b = b_centre - beta sum t is one more column,
// and after each sweep b_centre moves to b.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "design.hpp"
#include "intercept.hpp"
#include "loss.hpp"

namespace skgd {

// All of a row but its entries: one cache line, so one miss in random order.
struct alignas(kCacheLine) DualRow {
  double t, lo, hi, centre, gamma;
  double curvature;  // |x_i|^2 / alpha + beta
  std::size_t begin, end;
};

struct DualProblem {
  double alpha, e, beta;
};

// What a sweep saw: the largest step that a row still asked for, in units of z, and how
// many rows the next sweep need not visit.
struct Sweep {
  double violation;
  std::size_t n_active;
};

// objective: F(w, b) at w of the dual variables and the best b for it; gap: F less the
// dual value, a bound of F - F*.
struct DualValue {
  double objective, gap;
};

// argmax over t in [lo, hi] of
//   t r - e |t| - gamma t^2 / 2 - curvature (t - t_now)^2 / 2
SKGD_INLINE double dual_step(const DualRow& row, double r, double e) {
  const double a = row.t * row.curvature + r, H = row.curvature + row.gamma;
  const double soft = std::copysign(positive_part(std::fabs(a) - e), a);
  if (H <= 0.0) return soft > 0.0 ? row.hi : soft < 0.0 ? row.lo : row.t;
  return std::min(row.hi, std::max(row.lo, soft / H));
}

// How far r is from where t_i would be optimal (> 0), or how far inside (< 0).
SKGD_INLINE double dual_violation(const DualRow& row, double r, double e) {
  if (row.lo == row.hi) return -kInfinity;
  r -= row.gamma * row.t;
  const double up = r - (row.t >= 0.0 ? e : -e), down = r + (row.t <= 0.0 ? e : -e);
  if (row.t <= row.lo) return up;
  if (row.t >= row.hi) return -down;
  if (row.t == 0.0) return std::max(up, -down);
  return std::fabs(up);
}

class Dual {
 public:
  virtual ~Dual() = default;
  virtual Sweep sweep(std::uint32_t* order, std::size_t n, std::size_t batch,
                      int repeat, double slack) = 0;
  virtual void set_w() = 0;
  virtual DualValue certify() = 0;

  std::vector<DualRow> rows;
  std::vector<double> w;
  double b = 0.0;
  DualProblem problem{};

  // Gives the intercept its column.
  void free_intercept(double beta) {
    problem.beta = beta;
    for (DualRow& row : rows) row.curvature += beta;
    if (kinked()) empty_.find(rows);
  }

  // b_centre moves to b: the multiplier step of sum t = 0.
  void recentre() {
    if (empty_.none()) {
      b -= problem.beta * sum_t();
      return;
    }
    double others = 0.0;
    for (const DualRow& row : rows)
      if (!empty_.has(row)) others += row.t;
    b = empty_.settle(rows, problem.e, others, b, problem.beta);
  }

 protected:
  bool kinked() const { return rows.empty() || rows[0].gamma == 0.0; }

  double sum_t() const {
    double sum = 0.0;
    for (const DualRow& row : rows) sum += row.t;
    return sum;
  }

  // How far t may go against `excess` without leaving its piece of the loss: the bounds
  // of a loss without kinks may be far, zero is near.
  SKGD_INLINE double room(const DualRow& row, double excess) const {
    const bool to_zero = row.t * excess > 0.0;
    if (row.gamma > 0.0) return to_zero ? std::fabs(row.t) : 0.0;
    if (problem.e > 0.0 && to_zero) return std::fabs(row.t);
    return excess > 0.0 ? row.t - row.lo : row.hi - row.t;
  }

  // Makes sum t = 0: first by the rows at the kink, for which it costs least.
  void balance() {
    for (const bool all : {false, true}) {
      const double excess = sum_t();
      double total = 0.0;
      const auto shares = [&](const DualRow& row) {
        return all || (row.t > row.lo && row.t < row.hi);
      };
      for (const DualRow& row : rows)
        if (shares(row)) total += room(row, excess);
      if (excess == 0.0 || total <= 0.0) continue;
      const double share = std::min(1.0, std::fabs(excess) / total);
      for (DualRow& row : rows)
        if (shares(row)) row.t -= std::copysign(share * room(row, excess), excess);
    }
  }

  // Each l_i(z_i) less what t_i makes of it is >= 0, so their sum has no cancellation;
  // it is the gap where the gradient in w and sum t are zero.
  DualValue value() const {
    const auto linear = [this](const DualRow& row, double t, double r) {
      return t * r - problem.e * std::fabs(t) - 0.5 * row.gamma * t * t;
    };
    DualValue v{0.0, 0.0};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const DualRow& row = rows[i];
      const double r = z_[i] + b - row.centre;
      const double best = row.gamma > 0.0 ? slope(row, problem.e, r)
                          : r > 0.0       ? row.hi
                                          : row.lo;
      const double loss = positive_part(linear(row, best, r));
      v.objective += loss;
      v.gap += positive_part(loss - linear(row, row.t, r));
    }
    double square = 0.0;
    for (const double each : w) square += each * each;
    v.objective += 0.5 * problem.alpha * square;
    return v;
  }

  std::vector<double> z_, t_before_;
  double b_before_ = 0.0;
  Kinks kinks_;
  EmptyRows empty_;
};

template <class T, class I>
class DualOf final : public Dual {
 public:
  DualOf(Csr<T, I> X, const std::uint32_t* index, std::size_t n, const DualProblem& p)
      : X_(X) {
    problem = p;
    rows.resize(n);
    w.assign(X.n_features, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      rows[i].begin = X.indptr[index[i]];
      rows[i].end = X.indptr[index[i] + 1];
      rows[i].curvature = X.squared_norm(index[i]) / p.alpha;
    }
  }

  // Visits the first n rows of `order`, `batch` of them `repeat` times before the next;
  // moves those whose optimality has more than `slack` to spare behind the others.
  Sweep sweep(std::uint32_t* order, std::size_t n, std::size_t batch, int repeat,
              double slack) override {
    resume();
    Sweep report{0.0, 0};
    std::vector<std::uint32_t> dropped;
    for (std::size_t first = 0; first < n; first += batch) {
      const std::size_t size = std::min(batch, n - first);
      for (int turn = 1; turn < repeat; ++turn)
        for (std::size_t k = 0; k < size; ++k) visit(order + first + k, n - first - k);
      for (std::size_t k = first; k < first + size; ++k) {
        const std::uint32_t i = order[k];
        const double violation = visit(order + k, n - k);
        if (violation < -slack) {
          dropped.push_back(i);
        } else {
          report.violation = std::max(report.violation, violation);
          order[report.n_active++] = i;
        }
      }
    }
    std::copy(dropped.begin(), dropped.end(), order + report.n_active);
    return report;
  }

  void set_w() override {
    t_before_.clear();
    refresh_w();
  }

  DualValue certify() override {
    resume();
    const bool fits_intercept = problem.beta > 0.0;
    if (fits_intercept) {
      b_before_ = b;
      for (const DualRow& row : rows) t_before_.push_back(row.t);
      balance();
    }
    refresh_w();
    z_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) z_[i] = dot(rows[i]);
    if (fits_intercept)
      b = kinked() ? best_intercept(rows, problem.e, z_, kinks_)
                   : smooth_intercept(rows, problem.e, z_, b);
    return value();
  }

 private:
  // w = -X' t / alpha afresh: a thousand sweeps leave their rounding in it.
  void refresh_w() {
    std::fill(w.begin(), w.end(), 0.0);
    for (const DualRow& row : rows)
      if (row.t != 0.0) add(row, -row.t / problem.alpha);
  }

  // Goes on from before the last certificate, whose t adds up to zero at a cost.
  void resume() {
    if (t_before_.empty()) return;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      DualRow& row = rows[i];
      const double change = t_before_[i] - row.t;
      if (change != 0.0) add(row, -change / problem.alpha);
      row.t = t_before_[i];
    }
    b = b_before_;
    t_before_.clear();
  }

  SKGD_INLINE double visit(const std::uint32_t* order, std::size_t left) {
    prefetch(order, left);
    DualRow& row = rows[*order];
    if (empty_.has(row)) return -kInfinity;  // recentre() does all
    const double r = dot(row) + b - row.centre;
    const double violation = dual_violation(row, r, problem.e);
    const double change = dual_step(row, r, problem.e) - row.t;
    if (change != 0.0) {
      row.t += change;
      b -= change * problem.beta;
      add(row, -change / problem.alpha);
    }
    return violation;
  }
  SKGD_INLINE void prefetch(const std::uint32_t* order, std::size_t left) const {
    if (left <= 8) return;
    SKGD_PREFETCH(&rows[order[8]]);
    const DualRow& row = rows[order[4]];
    for (std::size_t p = row.begin; p < row.end; p += kCacheLine / sizeof(T))
      SKGD_PREFETCH(X_.values + p);
    for (std::size_t p = row.begin; p < row.end; p += kCacheLine / sizeof(I))
      SKGD_PREFETCH(X_.indices + p);
  }
  SKGD_INLINE double dot(const DualRow& row) const {
    double sum[4] = {};
    std::size_t p = row.begin;
    for (; p + 4 <= row.end; p += 4)
      for (int i = 0; i < 4; ++i) sum[i] += X_.values[p + i] * w[X_.indices[p + i]];
    for (; p < row.end; ++p) sum[0] += X_.values[p] * w[X_.indices[p]];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
  SKGD_INLINE void add(const DualRow& row, double factor) {
    for (std::size_t p = row.begin; p < row.end; ++p)
      w[X_.indices[p]] += factor * X_.values[p];
  }

  Csr<T, I> X_;
};

template <class T, class I>
std::unique_ptr<Dual> make_dual(const void* values, const void* indices,
                                const void* indptr, std::size_t d,
                                const std::uint32_t* index, std::size_t n,
                                const DualProblem& problem) {
  const Csr<T, I> X{static_cast<const T*>(values), static_cast<const I*>(indices),
                    static_cast<const I*>(indptr), n, d};
  return std::make_unique<DualOf<T, I>>(X, index, n, problem);
}

}  // namespace skgd
