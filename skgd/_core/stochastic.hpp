// An epoch of SAGA (Defazio, Bach, Lacoste-Julien, NeurIPS 2014), one row a step, drawn
// with unequal probabilities, in a diagonal metric.
//
// It starts from a snapshot, all of whose derivatives are known, and finds the move
// (w, b) away from it. With c = (new - old derivative of row i) / p_i and G the
// gradient of the penalty and of the old derivatives, all in X's own units,
//     w <- w - step (c x_i + G + ridge w),    G <- G + (new - old) x_i.
// Dense rows are centred as they are read. Sparse rows are not (the caller moves the
// intercept instead), and a coefficient is brought up to date when its column is read:
// G is constant meanwhile, so T steps are one geometric sum.
#pragma once

#include <memory>
#include <vector>

#include "design.hpp"
#include "evaluate.hpp"
#include "perceptron.hpp"
#include "row.hpp"

namespace skgd {

// s_i l'(z).
struct RowLoss {
  Loss loss;
  const double* y;
  const std::int32_t* code;
  const double* s;

  SKGD_INLINE void derivatives(std::size_t i, std::size_t K, const double* z,
                               double* d) const {
    if (code != nullptr) {
      evaluate_softmax(1, K, code + i, z, s + i, d);
    } else {
      *d = s[i] * derivative(y[i], *z);
    }
  }

 private:
  SKGD_INLINE double derivative(double target, double z) const {
    switch (loss.name) {
#define SKGD_CASE(name_, Type) \
  case LossName::name_:        \
    return Type{loss.parameter}.derivative(target, z);
      SKGD_LOSSES(SKGD_CASE)
#undef SKGD_CASE
      case LossName::written: {
        double d = 0.0;
        const double one = 1.0;
        loss.written(1, &target, &z, &one, &d);
        return d;
      }
      case LossName::softmax:
        break;
    }
    return 0.0;
  }
};

// The step and the ridge of a column, in X's units: w <- w - step (.. + ridge w).
struct Metric {
  const double *mean, *step, *ridge;
  double step_of_b;
};

// Arrays of sample space are (K, n); w and G are (K, d).
struct Saga {
  const double* z;  // at the snapshot
  double* table;    // the last derivative of each row, those of the snapshot at first
  double *w, *G, *b, *Gb;
  std::size_t n, K;
  const std::uint32_t *order, *rows;  // positions to visit; their rows of X
  std::size_t n_steps;
  const double* chance;  // p_i
};

// Old derivatives, new ones at z_i + dz, and what follows from them.
SKGD_INLINE void renew(const Saga& f, const RowLoss& loss, std::size_t i, double* z,
                       double* change, double* factor) {
  for (std::size_t k = 0; k < f.K; ++k) z[k] += f.z[k * f.n + i] + f.b[k];
  loss.derivatives(i, f.K, z, change);
  const double share = 1.0 / f.chance[i];
  for (std::size_t k = 0; k < f.K; ++k) {
    double& old = f.table[k * f.n + i];
    const double next = change[k];
    change[k] = next - old;
    factor[k] = share * change[k];
    old = next;
  }
}

SKGD_INLINE void step_intercept(const Saga& f, const Metric& m, const double* change,
                                const double* factor) {
  for (std::size_t k = 0; k < f.K; ++k) {
    f.b[k] -= m.step_of_b * (factor[k] + f.Gb[k]);
    f.Gb[k] += change[k];
  }
}

SKGD_INLINE void prefetch_samples(const Saga& f, std::size_t t) {
  constexpr std::size_t kDistance = 12;
  if (t + kDistance >= f.n_steps) return;
  const std::size_t i = f.order[t + kDistance];
  SKGD_PREFETCH(f.z + i);
  SKGD_PREFETCH(f.table + i);
  SKGD_PREFETCH(f.chance + i);
}

template <class T>
SKGD_INLINE void run_saga(const Dense<T>& X, const RowLoss& loss, const Metric& m,
                          const Saga& f) {
  const std::size_t d = X.n_features;
  std::vector<double> memory(3 * f.K);
  double *z = memory.data(), *change = z + f.K, *factor = change + f.K;
  for (std::size_t t = 0; t < f.n_steps; ++t) {
    X.prefetch(f.rows + t, f.n_steps - t);
    prefetch_samples(f, t);
    const T* x = X.row(f.rows[t]);
    for (std::size_t k = 0; k < f.K; ++k) z[k] = centred_dot(x, m.mean, f.w + k * d, d);
    renew(f, loss, f.order[t], z, change, factor);
    for (std::size_t k = 0; k < f.K; ++k) {
      double *w = f.w + k * d, *G = f.G + k * d;
      const double c = factor[k], more = change[k];
#pragma omp simd
      for (std::size_t j = 0; j < d; ++j) {
        const double a = static_cast<double>(x[j]) - m.mean[j];
        w[j] -= m.step[j] * (c * a + G[j] + m.ridge[j] * w[j]);
        G[j] += more * a;
      }
    }
    step_intercept(f, m, change, factor);
  }
}

// 1 - exp(-x) for x >= 0, to rounding
SKGD_INLINE double decayed(double x) {
  if (x > 0.125) return 1.0 - exp_negative(x);
  const double q = x * x;
  const double even =
      1.0 + q * (1.0 / 6 + q * (1.0 / 120 + q * (1.0 / 5040 + q * (1.0 / 362880))));
  const double odd =
      1.0 / 2 +
      q * (1.0 / 24 + q * (1.0 / 720 + q * (1.0 / 40320 + q * (1.0 / 3628800))));
  return x * (even - x * odd);  // the next term is below 2e-17 x
}

// A column and, behind it, its K coefficients w and their K gradients G: one cache line
// for one output. After T steps with G constant, 1 - rho = decay = step ridge,
//     w <- rho^T w - (1 - rho^T) G / ridge,    rho^T = exp(-rate T);
// without a ridge w <- w - T step G.
struct LazyColumn {
  double rate, per_ridge, step, decay;
  double seen;  // steps that w has taken

  SKGD_INLINE double* values() { return reinterpret_cast<double*>(this + 1); }

  SKGD_INLINE void catch_up(double now, std::size_t K) {
    const double T = now - seen;
    if (T == 0.0) return;
    const double lost = decayed(T * rate),
                 take = rate > 0.0 ? lost * per_ridge : T * step;
    double *w = values(), *G = w + K;
    for (std::size_t k = 0; k < K; ++k) w[k] -= lost * w[k] + take * G[k];
    seen = now;
  }
};

class LazyColumns {
 public:
  LazyColumns(const Metric& m, const Saga& f, std::size_t d)
      : d_(d),
        K_(f.K),
        lines_((sizeof(LazyColumn) + 16 * K_ + 63) / 64),
        memory_(lines_ * d) {
    for (std::size_t j = 0; j < d; ++j) {
      const double decay = m.step[j] * m.ridge[j];
      const double rate = decay > kLeastDecay ? -std::log1p(-decay) : 0.0;
      LazyColumn& column = at(j);
      column = {rate, rate > 0.0 ? 1.0 / m.ridge[j] : 0.0, m.step[j], decay, 0.0};
      for (std::size_t k = 0; k < K_; ++k) {
        column.values()[k] = f.w[k * d + j];
        column.values()[K_ + k] = f.G[k * d + j];
      }
    }
  }

  void finish(const Saga& f) {
    for (std::size_t j = 0; j < d_; ++j) {
      LazyColumn& column = at(j);
      column.catch_up(static_cast<double>(f.n_steps), K_);
      for (std::size_t k = 0; k < K_; ++k) {
        f.w[k * d_ + j] = column.values()[k];
        f.G[k * d_ + j] = column.values()[K_ + k];
      }
    }
  }

  SKGD_INLINE LazyColumn& at(std::size_t j) {
    return *reinterpret_cast<LazyColumn*>(memory_.data() + lines_ * j);
  }

 private:
  static constexpr double kLeastDecay = 1e-100;  // 1 / ridge stays finite
  struct alignas(kCacheLine) Line {
    double values[8];
  };
  const std::size_t d_, K_, lines_;
  std::vector<Line> memory_;
};

template <bool kOneOutput, class T, class I>
SKGD_INLINE void run_lazy(const Csr<T, I>& X, const RowLoss& loss, const Metric& m,
                          const Saga& f) {
  LazyColumns lazy(m, f, X.n_features);
  const std::size_t K = kOneOutput ? 1 : f.K;
  std::vector<double> memory(3 * K);
  double *z = memory.data(), *change = z + K, *factor = change + K;
  for (std::size_t t = 0; t < f.n_steps; ++t) {
    X.prefetch(f.rows + t, f.n_steps - t);
    prefetch_samples(f, t);
    const std::size_t begin = X.indptr[f.rows[t]], end = X.indptr[f.rows[t] + 1];
    const double now = static_cast<double>(t);
    for (std::size_t k = 0; k < K; ++k) z[k] = 0.0;
    for (std::size_t p = begin; p < end; ++p) {
      LazyColumn& column = lazy.at(X.indices[p]);
      column.catch_up(now, K);
      for (std::size_t k = 0; k < K; ++k) z[k] += X.values[p] * column.values()[k];
    }
    renew(f, loss, f.order[t], z, change, factor);
    for (std::size_t p = begin; p < end; ++p) {
      const double x = X.values[p];
      LazyColumn& column = lazy.at(X.indices[p]);
      double *w = column.values(), *G = w + K;
      for (std::size_t k = 0; k < K; ++k) {
        w[k] -= column.decay * w[k] + column.step * (factor[k] * x + G[k]);
        G[k] += change[k] * x;
      }
      column.seen = now + 1.0;
    }
    step_intercept(f, m, change, factor);
  }
  lazy.finish(f);
}

template <class T, class I>
SKGD_INLINE void run_saga(const Csr<T, I>& X, const RowLoss& loss, const Metric& m,
                          const Saga& f) {
  if (f.K == 1) {
    run_lazy<true>(X, loss, m, f);
  } else {
    run_lazy<false>(X, loss, m, f);
  }
}

// sum_j weight_j (x_ij - mean_j)^2 of dense rows, sum_j weight_j x_ij^2 of sparse ones
template <class T>
SKGD_INLINE void row_norms(const Dense<T>& X, const double* mean, const double* weight,
                           const std::uint32_t* rows, std::size_t n, double* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const T* x = X.row(rows[i]);
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t j = 0; j < X.n_features; ++j) {
      const double a = static_cast<double>(x[j]) - mean[j];
      sum += weight[j] * a * a;
    }
    out[i] = sum;
  }
}

template <class T, class I>
SKGD_INLINE void row_norms(const Csr<T, I>& X, const double*, const double* weight,
                           const std::uint32_t* rows, std::size_t n, double* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t end = X.indptr[rows[i] + 1];
    out[i] = 0.0;
    for (std::size_t p = X.indptr[rows[i]]; p < end; ++p) {
      const double x = X.values[p];
      out[i] += weight[X.indices[p]] * x * x;
    }
  }
}

#define SKGD_STOCHASTIC_DECLARE(CLONES, Design, T)                                \
  void run_saga_entry(const Design&, const RowLoss&, const Metric&, const Saga&); \
  void row_norms_entry(const Design&, const double* mean, const double* weight,   \
                       const std::uint32_t* rows, std::size_t n, double* out);    \
  void run_sweep_entry(const Design&, Sweep&);
SKGD_DESIGNS(SKGD_STOCHASTIC_DECLARE)
#undef SKGD_STOCHASTIC_DECLARE

class Stochastic {
 public:
  virtual ~Stochastic() = default;
  virtual void saga(const RowLoss&, const Metric&, const Saga&) const = 0;
  virtual void norms(const double* mean, const double* weight,
                     const std::uint32_t* rows, std::size_t n, double* out) const = 0;
  virtual void sweep(Sweep&) const = 0;
};

template <class Design>
class StochasticOf final : public Stochastic {
 public:
  explicit StochasticOf(Design X) : X_(X) {}
  void saga(const RowLoss& loss, const Metric& m, const Saga& f) const override {
    run_saga_entry(X_, loss, m, f);
  }
  void norms(const double* mean, const double* weight, const std::uint32_t* rows,
             std::size_t n, double* out) const override {
    row_norms_entry(X_, mean, weight, rows, n, out);
  }
  void sweep(Sweep& f) const override { run_sweep_entry(X_, f); }

 private:
  Design X_;
};

template <class T>
std::unique_ptr<Stochastic> dense_stochastic(const void* values, std::size_t n,
                                             std::size_t d) {
  return std::make_unique<StochasticOf<Dense<T>>>(
      Dense<T>{static_cast<const T*>(values), n, d});
}

template <class T, class I>
std::unique_ptr<Stochastic> csr_stochastic(const void* values, const void* indices,
                                           const void* indptr, std::size_t n,
                                           std::size_t d) {
  return std::make_unique<StochasticOf<Csr<T, I>>>(
      Csr<T, I>{static_cast<const T*>(values), static_cast<const I*>(indices),
                static_cast<const I*>(indptr), n, d});
}

}  // namespace skgd
