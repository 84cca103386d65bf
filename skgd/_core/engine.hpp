// The core behind one type, whatever the storage: what the Cython shell holds.
#pragma once

#include <memory>
#include <vector>

#include "epoch.hpp"

namespace skgd {

// The arrays and numbers of a descent that outlive an epoch. `v` and `received` are
// arrays of X's type.
struct State {
  void *v, *received;
  double* b;
  double owed;
  Average average;
  double *first, *second, *first_intercept, *second_intercept;
  double steps, samples_seen;
};

template <class T>
double squared_distance(std::size_t n, const T* a, const T* b) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t j = 0; j < n; ++j) {
    const double apart = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    sum += apart * apart;
  }
  return sum;
}

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Report run_epoch(const Samples&, Rows order, const Settings&,
                           State&) const = 0;
  // sum of s * loss over the rows, at the coefficients v in this design's layout
  virtual Total loss_sum(const Samples&, Rows, const void* v, const double* b, Loss,
                         int n_threads) const = 0;
  virtual double largest_squared_norm(Rows) const = 0;
};

template <class Design>
class EngineOf final : public Engine {
  using T = typename Design::value_type;

 public:
  explicit EngineOf(Design X) : X_(X) {}

  Report run_epoch(const Samples& samples, Rows order, const Settings& settings,
                   State& s) const override {
    T* const before = static_cast<T*>(s.v);
    const std::size_t K = samples.n_outputs, size = K * X_.n_features;
    AlignedArray<T> own(size);
    T* const w = own.data();
    std::copy_n(before, size, w);
    const std::vector<double> b_before(s.b, s.b + K);
    Descent<T> descent{
        settings,
        s.steps,
        s.samples_seen,
        {w, s.b, size, K, 1.0, {static_cast<T*>(s.received), s.owed}, s.average},
        s.first,
        s.second,
        s.first_intercept,
        s.second_intercept};
    Report report = run_epoch_entry(X_, samples, order, descent);
    report.moved =
        squared_distance(size, w, before) + squared_distance(K, s.b, b_before.data());
    report.penalty = settings.penalty.value(size, w);
    std::copy_n(w, size, before);
    s.owed = descent.weights.l1.owed;
    s.average = descent.weights.average;
    s.steps = descent.steps;
    s.samples_seen = descent.samples_seen;
    return report;
  }

  Total loss_sum(const Samples& samples, Rows rows, const void* v, const double* b,
                 Loss loss, int n_threads) const override {
    BlockStorage storage(samples.n_outputs);
    Total total{nullptr, nullptr, 0.0, true};
    sum_rows(X_, samples, rows, Model<T>{static_cast<const T*>(v), 1.0, b},
             Sum{loss, Aggressive::no, 1.0, false}, n_threads, storage, total);
    return total;
  }

  double largest_squared_norm(Rows rows) const override {
    double largest = 0.0;
    for (std::size_t r = 0; r < rows.size; ++r)
      largest = std::max(largest, X_.squared_norm(rows.index[r]));
    return largest;
  }

 private:
  Design X_;
};

template <class T>
std::unique_ptr<Engine> dense_engine(const void* values, std::size_t n, std::size_t d) {
  return std::make_unique<EngineOf<Dense<T>>>(
      Dense<T>{static_cast<const T*>(values), n, d});
}

// Null and the `defect` in words where the structure is not sound.
template <class T, class I>
std::unique_ptr<Engine> csr_engine(const void* values, const void* indices,
                                   const void* indptr, std::size_t n, std::size_t d,
                                   std::size_t n_stored, const char*& defect) {
  const Csr<T, I> X{static_cast<const T*>(values), static_cast<const I*>(indices),
                    static_cast<const I*>(indptr), n, d};
  defect = X.defect(n_stored);
  if (defect != nullptr) return nullptr;
  return std::make_unique<EngineOf<Csr<T, I>>>(X);
}

// w <- optimizer(w, g, eta) in step number t = 1, 2, ...: a step where g is given.
inline void take_step(const Optimizer& optimizer, double eta, double t, std::size_t n,
                      const double* g, double* first, double* second, double* w) {
  with_rule(optimizer, t, [&](auto rule) SKGD_INLINE_LAMBDA {
    for (std::size_t j = 0; j < n; ++j)
      w[j] -= rule(g[j], eta, first[j], second[j]).step;
  });
}

}  // namespace skgd
