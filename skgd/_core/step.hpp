// Steps: from derivatives or a gradient to the next w and b.
#pragma once

#include "block.hpp"
#include "optimizer.hpp"
#include "weights.hpp"

namespace skgd {

// eta(t) = eta0 / (t0 + t)^power, t = 1, 2, ... counts steps
struct Schedule {
  double eta0, t0, power;
  SKGD_INLINE double operator()(double t) const {
    if (power == 0.0) return eta0;
    if (power == 1.0) return eta0 / (t0 + t);
    if (power == 0.5) return eta0 / std::sqrt(t0 + t);
    if (power == 0.25) return eta0 / std::sqrt(std::sqrt(t0 + t));  // pow: 10-45 ns
    return eta0 / std::pow(t0 + t, power);
  }
};

struct Settings {
  Loss loss;
  Penalty penalty;
  Optimizer optimizer;
  Schedule schedule;
  Aggressive aggressive;
  std::size_t batch_size;
  bool fit_intercept;
  int n_threads;
};

template <class T>
struct Descent : Settings {
  double steps;         // taken since the descent began
  double samples_seen;  // t_ - 1
  Weights<T> weights;
  double *first, *second;                      // optimizer's state of w, in v's layout
  double *first_intercept, *second_intercept;  // and of b
};

struct Report {
  double loss_sum;  // sum of s * loss at the raw predictions of the steps
  double eta_sum;   // over the steps
  bool finite;
  double moved = 0.0;    // squared length of what (w, b) moved
  double penalty = 0.0;  // of w at the end
};

// d -> the change of w over scale, -(eta / |B|) d / scale; takes b's step on the way.
template <class T>
SKGD_INLINE void step_in_sample_space(double eta, std::size_t R, std::size_t K,
                                      Descent<T>& descent, double* d) {
  Weights<T>& w = descent.weights;
  const double factor = -eta / static_cast<double>(R), unscaled = factor / w.scale;
  for (std::size_t k = 0; k < K; ++k)
    for (std::size_t r = 0; r < R; ++r) {
      if (descent.fit_intercept) w.b[k] += factor * d[k * R + r];
      d[k * R + r] *= unscaled;
    }
}

// w <- decay w - (eta / |B|) X_B' d, straight into v.
template <class Design, class T>
SKGD_INLINE void step_direct(const Design& X, const Samples& samples,
                             const std::uint32_t* rows, std::size_t R, std::size_t K,
                             double eta, Descent<T>& descent, Pairs<T>& pairs,
                             Lookahead<Design>& ahead, const Block& block,
                             Report& report) {
  Weights<T>& w = descent.weights;
  if constexpr (Design::kSparse) {
    const auto settled =
        [pair = pairs.data(), l1 = w.l1](std::size_t j)
            SKGD_INLINE_LAMBDA { return l1.settle(pair + 2 * j, pair + 2 * j + 1); };
    if (!pairs.empty()) X.matvec_by(settled, rows, R, K, block.z, ahead);
  }
  if (pairs.empty()) X.matvec(rows, R, w.v, K, block.z, ahead);
  report.loss_sum += block.evaluate(samples, rows, R, K, w.scale, w.b, descent.loss);
  report.finite = all_finite(block.z, K * R);
  if (descent.aggressive != Aggressive::no)
    make_aggressive(descent.aggressive, eta, descent.loss, X, rows, R, K, block);

  const double decay = descent.penalty.decay(eta);
  if (pairs.empty())
    w.decay(decay);
  else
    pairs.decay(decay, w);
  step_in_sample_space(eta, R, K, descent, block.d);
  if constexpr (Design::kSparse) {
    if (!pairs.empty())
      X.template add_rmatvec<2>(rows, R, block.d, K, pairs.data(), ahead);
  }
  if (pairs.empty()) X.add_rmatvec(rows, R, block.d, K, w.v, ahead);
  if (w.l1.received != nullptr) {
    w.l1.owed += eta * descent.penalty.l1 / w.scale;
    if (pairs.empty()) w.l1.settle_all(w.v, w.size);
  } else if (w.average.mass > 0.0) {
    for (std::size_t i = 0; i < K * R; ++i) block.d[i] *= w.average.mass;
    X.add_rmatvec(rows, R, block.d, K, w.average.moved, NoLookahead{});
  }
}

// w <- prox(w - step(g)), g = X_B' d / |B| + ridge w
template <class T>
SKGD_INLINE void apply_gradient(double eta, const double* g, const double* g_intercept,
                                Descent<T>& descent) {
  Weights<T>& w = descent.weights;
  w.fold_scale();
  const double ridge = descent.penalty.ridge, l1 = descent.penalty.l1;
  if (descent.optimizer.name == OptimizerName::sgd) {
    const double decay = descent.penalty.decay(eta);
    const bool cumulative = w.l1.received != nullptr;
    const double threshold = cumulative ? 0.0 : eta * l1;
#pragma omp simd
    for (std::size_t j = 0; j < w.size; ++j)
      w.v[j] = static_cast<T>(soft_threshold(decay * w.v[j] - eta * g[j], threshold));
    if (cumulative) {
      for (std::size_t j = 0; j < w.size; ++j)
        w.l1.received[j] *= static_cast<T>(decay);
      w.l1.owed = decay * w.l1.owed + eta * l1;
      w.l1.settle_all(w.v, w.size);
    }
    if (descent.fit_intercept)
      for (std::size_t k = 0; k < w.n_outputs; ++k) w.b[k] -= eta * g_intercept[k];
    return;
  }
  with_rule(descent.optimizer, descent.steps + 1.0, [&](auto rule) SKGD_INLINE_LAMBDA {
#pragma omp simd
    for (std::size_t j = 0; j < w.size; ++j) {
      const double old = w.v[j];
      const Step s = rule(g[j] + ridge * old, eta, descent.first[j], descent.second[j]);
      w.v[j] = static_cast<T>(soft_threshold(old - s.step, s.effective * l1));
    }
    if (!descent.fit_intercept) return;
    for (std::size_t k = 0; k < w.n_outputs; ++k)
      w.b[k] -= rule(g_intercept[k], eta, descent.first_intercept[k],
                     descent.second_intercept[k])
                    .step;
  });
}

}  // namespace skgd
