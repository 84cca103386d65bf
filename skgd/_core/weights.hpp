// The model inside the core: w = scale * v and b, their running average, and the
// bookkeeping that keeps one step on a sparse row at the cost of its entries.
#pragma once

#include <vector>

#include "penalty.hpp"

namespace skgd {

// Running mean of the iterates w_1, w_2, ... (Polyak, Juditsky 1992).
//
// Eager: one update of all coefficients a step. Lazy: with v_t = v_{t-1} + change_t and
// S_t = scale_1 + ... + scale_t,
//     sum_t scale_t v_t = S_T v_T - sum_t S_{t-1} change_t,
// whose last sum is as sparse as the changes are.
struct Average {
  double *w, *b;   // null when nothing is averaged
  double* moved;   // sum of S_{t-1} change_t
  double start;    // in samples seen, 1 for all
  double count;    // iterates in w and b
  double pending;  // iterates in `moved` and `mass`, not yet in w
  double mass;     // S_t
};

constexpr double kLeastScale = 1e-6;  // float32 has room for 1 / scale
// S_t v_t cancels against the changes, and v grows as the scale falls: at 1/8 the lazy
// average has lost three bits.
constexpr double kLeastScaleOfAverage = 0.125;

template <class T>
struct Weights {
  T* v;  // K * d, in the design's layout
  double* b;
  std::size_t size, n_outputs;
  double scale;
  CumulativeL1<T> l1;  // `received` is null when the proximal map is used instead
  Average average;

  SKGD_INLINE void fold_scale() {
    if (scale == 1.0) return;
    const T factor = static_cast<T>(scale);
#pragma omp simd
    for (std::size_t j = 0; j < size; ++j) v[j] *= factor;
    if (l1.received != nullptr) {
#pragma omp simd
      for (std::size_t j = 0; j < size; ++j) l1.received[j] *= factor;
    }
    l1.owed *= scale;
    scale = 1.0;
  }

  // w <- factor * w in O(1), nearly always.
  SKGD_INLINE void decay(double factor) {
    if (factor == 1.0) return;
    if (factor == 0.0) return clear();
    scale *= factor;
    if (scale >= (average.w == nullptr ? kLeastScale : kLeastScaleOfAverage)) return;
    flush_average();
    fold_scale();
  }

  // Whether `decay` would only change the scale.
  SKGD_INLINE static bool decays_lazily(double scale, double factor) {
    return factor > 0.0 && scale * factor >= kLeastScale;
  }

  SKGD_INLINE bool averages(double samples_seen) const {
    return average.w != nullptr && samples_seen >= average.start;
  }

  // Takes the present iterate into the mean; `lazy`: what the steps add to `moved`
  // stands for the coefficients.
  SKGD_INLINE void take_average(bool lazy) {
    const double share = 1.0 / ++average.count;
    for (std::size_t k = 0; k < n_outputs; ++k)
      average.b[k] += share * (b[k] - average.b[k]);
    if (lazy) {
      average.mass += scale;
      ++average.pending;
      return;
    }
#pragma omp simd
    for (std::size_t j = 0; j < size; ++j)
      average.w[j] += share * (scale * v[j] - average.w[j]);
  }

  // Brings everything put off up to date: the end of an epoch.
  SKGD_INLINE void flush() {
    if (l1.received != nullptr) l1.settle_all(v, size);
    flush_average();
    fold_scale();
  }

 private:
  SKGD_INLINE void flush_average() {
    if (average.pending > 0.0) {
      const double share = 1.0 / average.count;
      for (std::size_t j = 0; j < size; ++j) {
        const double sum = average.mass * v[j] - average.moved[j];
        average.w[j] += share * (sum - average.pending * average.w[j]);
        average.moved[j] = 0.0;
      }
      average.pending = average.mass = 0.0;
    }
  }

  SKGD_INLINE void clear() {
    flush_average();
    for (std::size_t j = 0; j < size; ++j) {
      v[j] = T(0);
      if (l1.received != nullptr) l1.received[j] = T(0);
    }
    l1.owed = 0.0;
    scale = 1.0;
  }
};

// v and what it has received side by side, for an epoch of cumulative l1 on sparse
// rows: a coefficient is then one cache miss, not two.
template <class T>
class Pairs {
 public:
  void load(const Weights<T>& w) {
    pairs_.resize(2 * w.size);
    for (std::size_t j = 0; j < w.size; ++j) {
      pairs_[2 * j] = w.v[j];
      pairs_[2 * j + 1] = w.l1.received[j];
    }
  }

  void store(Weights<T>& w) const {
    for (std::size_t j = 0; 2 * j < pairs_.size(); ++j) {
      w.v[j] = pairs_[2 * j];
      w.l1.received[j] = pairs_[2 * j + 1];
    }
  }

  void decay(double factor, Weights<T>& w) {
    if (w.decays_lazily(w.scale, factor)) {
      w.decay(factor);
    } else {
      store(w);
      w.decay(factor);
      load(w);
    }
  }

  T* data() { return pairs_.data(); }
  bool empty() const { return pairs_.empty(); }

 private:
  std::vector<T> pairs_;
};

}  // namespace skgd
