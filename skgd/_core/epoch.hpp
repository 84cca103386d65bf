// One pass over the training samples: the only loop over batches in skgd.
//
// Two spaces, one bridge. In sample space there are raw predictions z and derivatives
// d = s dloss/dz of a block of rows; losses live there. In feature space there are w
// and the gradient g; penalties and optimizers live there. The design matrix maps one
// to the other. So a loss, a penalty, an optimizer, a storage or a batch size is added
// without touching the others: they meet in the loop below and nowhere else.
//
// a) Batch, mini-batch and stochastic descent are batch sizes n, b and 1.
// b) A step of plain sgd on a small batch is direct: no gradient vector is written, the
//    rows are added to v, and on sparse rows a step costs their entries. Every other
//    step goes through g. One choice for an epoch, made in `run_epoch`.
// c) A gradient over many rows is summed in chunks whose number depends on the data
//    alone; threads take chunks, the sums are added in order: the same bits for any
//    number of threads.
// d) Weights are in X's type, everything in sample space, g and all sums in double.
// e) Which loss or optimizer it is, is asked once a block or a step: measured free.
#pragma once

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "design.hpp"
#include "loss.hpp"
#include "optimizer.hpp"
#include "weights.hpp"

namespace skgd {

struct Samples {
  const double* y;           // (n, K) targets; null for coded classes
  const std::int32_t* code;  // class of each row; null for regression
  const double* weight;      // s, mean one over the training rows; null: all one
  const double* positive;  // weight of class k in its own one-vs-rest problem, or null
  std::size_t n_outputs;   // K

  // Target of output k: +-1 for classes (a single output speaks for class 1).
  SKGD_INLINE double target(std::size_t i, std::size_t k) const {
    if (code == nullptr) return y[i * n_outputs + k];
    const std::size_t positive = n_outputs == 1 ? 1 : k;
    return static_cast<std::size_t>(code[i]) == positive ? 1.0 : -1.0;
  }

  SKGD_INLINE double weight_of(std::size_t i, std::size_t k, double target) const {
    const double s = weight == nullptr ? 1.0 : weight[i];
    return positive != nullptr && target > 0.0 ? s * positive[k] : s;
  }

  SKGD_INLINE void prefetch(const std::uint32_t* rows, std::size_t ahead) const {
    constexpr std::size_t kDistance = 16;  // a target is a cache miss of its own
    if (ahead <= kDistance) return;
    if (code != nullptr)
      SKGD_PREFETCH(code + rows[kDistance]);
    else
      SKGD_PREFETCH(y + rows[kDistance] * n_outputs);
    if (weight != nullptr) SKGD_PREFETCH(weight + rows[kDistance]);
  }
};

struct Rows {
  const std::uint32_t* index;
  std::size_t size;
};

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

// Passive-aggressive steps (Crammer et al., JMLR 2006, section 4) are a matter of
// sample space: the step min(C, loss / |x|^2) (pa1) or loss / (|x|^2 + 1 / (2 C)) (pa2)
// takes the derivative's place, as a share of eta = C.
enum class Aggressive { no, pa1, pa2 };

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
};

// --- Sample space

// A block of rows and what is known of them: (K, R) arrays, the rows of one output side
// by side, and R class codes.
struct Block {
  double *y, *s, *z, *d;
  std::int32_t* code;

  // With z = X_B v: z <- scale z + b, d = s dloss/dz; gives the sum of s * loss.
  SKGD_INLINE double evaluate(const Samples& samples, const std::uint32_t* rows,
                              std::size_t R, std::size_t K, double scale,
                              const double* b, Loss loss) const {
    for (std::size_t k = 0; k < K; ++k)
      for (std::size_t r = 0; r < R; ++r) {
        const std::size_t i = rows[r];
        z[k * R + r] = scale * z[k * R + r] + b[k];
        y[k * R + r] = samples.target(i, k);
        s[k * R + r] = samples.weight_of(i, k, y[k * R + r]);
      }
    if (loss.name == LossName::softmax)
      for (std::size_t r = 0; r < R; ++r) code[r] = samples.code[rows[r]];
    return skgd::evaluate(loss, R, K, y, code, z, s, d);
  }
};

// 1024 values keep a block's arrays in 32 KB.
constexpr std::size_t kBlockValues = 1024;

class BlockStorage {
 public:
  explicit BlockStorage(std::size_t n_outputs)
      : capacity_(std::max<std::size_t>(1, kBlockValues / n_outputs)),
        values_(4 * capacity_ * n_outputs),
        codes_(capacity_) {
    const std::size_t n = capacity_ * n_outputs;
    double* first = values_.data();
    block = {first, first + n, first + 2 * n, first + 3 * n, codes_.data()};
  }

  BlockStorage(BlockStorage&&) = default;  // `block` points into the arrays that move
  std::size_t capacity() const { return capacity_; }

  // Rows of a block: what fits in here and, dense, in half of the first-level cache.
  template <class Design>
  std::size_t rows_of(const Design& X) const {
    const std::size_t bytes = std::max<std::size_t>(X.bytes_per_row(), 1);
    return std::min(capacity_, std::max<std::size_t>(16384 / bytes / 4 * 4, 8));
  }

  Block block;

 private:
  std::size_t capacity_;
  std::vector<double> values_;
  std::vector<std::int32_t> codes_;
};

template <class Design>
SKGD_INLINE void make_aggressive(Aggressive kind, double C, Loss loss, const Design& X,
                                 const std::uint32_t* rows, std::size_t R,
                                 std::size_t K, const Block& block) {
  for (std::size_t r = 0; r < R; ++r) {
    const double norm = X.squared_norm(rows[r]);
    for (std::size_t k = 0; k < K; ++k) {
      const std::size_t i = k * R + r;
      const double one = 1.0;
      double sign;
      const double value =
          skgd::evaluate(loss, 1, 1, block.y + i, nullptr, block.z + i, &one, &sign);
      const double step = kind == Aggressive::pa1 ? std::min(1.0, value / (C * norm))
                                                  : value / (C * norm + 0.5);
      block.d[i] =
          norm > 0.0 && value > 0.0 ? block.s[i] * std::copysign(step, sign) : 0.0;
    }
  }
}

SKGD_INLINE bool all_finite(const double* z, std::size_t n) {
  double watch = 0.0 * z[0];  // 0 * z is NaN for what is not finite
  if (n == 1) return watch == 0.0;
#pragma omp simd reduction(+ : watch)
  for (std::size_t i = 0; i < n; ++i) watch += 0.0 * z[i];
  return watch == 0.0;
}

// --- The gradient over many rows, in chunks

template <class T>
struct Model {
  const T* v;
  double scale;
  const double* b;
};

// What is summed over rows, and how.
struct Sum {
  Loss loss;
  Aggressive aggressive;
  double C;
  bool gradient;  // or the loss alone
};

struct Total {
  double *g, *g_intercept;  // sums of d x, in v's layout, and of d
  double loss_sum;
  bool finite;
};

template <class Design, class T>
SKGD_INLINE void sum_chunk(const Design& X, const Samples& samples, Rows rows,
                           Model<T> model, const Sum& sum, BlockStorage& storage,
                           Total& total) {
  const std::size_t K = samples.n_outputs, step = storage.rows_of(X);
  const Block& block = storage.block;
  for (std::size_t begin = 0; begin < rows.size; begin += step) {
    const std::uint32_t* index = rows.index + begin;
    const std::size_t R = std::min(step, rows.size - begin);
    X.matvec(index, R, model.v, K, block.z);
    total.loss_sum +=
        block.evaluate(samples, index, R, K, model.scale, model.b, sum.loss);
    total.finite = total.finite && all_finite(block.z, K * R);
    if (!sum.gradient) continue;
    if (sum.aggressive != Aggressive::no)
      make_aggressive(sum.aggressive, sum.C, sum.loss, X, index, R, K, block);
    for (std::size_t k = 0; k < K; ++k)
      for (std::size_t r = 0; r < R; ++r) total.g_intercept[k] += block.d[k * R + r];
    X.add_rmatvec(index, R, block.d, K, total.g);
  }
}

// Each design's loops, compiled once for each instruction set (entry_points.cpp).
#define SKGD_DESIGNS(DESIGN)                 \
  DESIGN(SKGD_CLONES, Dense<float>, float)   \
  DESIGN(SKGD_CLONES, Dense<double>, double) \
  DESIGN(, Csr32<float>, float)              \
  DESIGN(, Csr32<double>, double)            \
  DESIGN(, Csr64<float>, float)              \
  DESIGN(, Csr64<double>, double)

#define SKGD_DECLARE(CLONES, Design, T)                                       \
  void sum_chunk_entry(const Design& X, const Samples& samples, Rows rows,    \
                       Model<T> model, const Sum& sum, BlockStorage& storage, \
                       Total& total);                                         \
  Report run_epoch_entry(const Design& X, const Samples& samples, Rows order, \
                         Descent<T>& descent);
SKGD_DESIGNS(SKGD_DECLARE)
#undef SKGD_DECLARE

// Chunks of 2^18 values, at most 16, whose own sums take at most 1/16 of the rows'
// size.
template <class Design>
std::size_t chunk_count(const Design& X, std::size_t n_rows, std::size_t size) {
  const double share =
      static_cast<double>(n_rows) / std::max<std::size_t>(X.n_samples, 1);
  const double values = share * static_cast<double>(X.n_values());
  const double most = std::min({16.0, values / 262144.0, values / (16.0 * size + 1.0)});
  return std::max<std::size_t>(1, static_cast<std::size_t>(most));
}

template <class Design, class T>
void sum_rows(const Design& X, const Samples& samples, Rows rows, Model<T> model,
              const Sum& sum, int n_threads, BlockStorage& storage, Total& total) {
  const std::size_t K = samples.n_outputs, size = K * X.n_features;
  const std::size_t n_chunks = chunk_count(X, rows.size, size);
  if (n_chunks == 1)
    return sum_chunk_entry(X, samples, rows, model, sum, storage, total);

  const std::size_t stride = sum.gradient ? size + K : 0;
  std::vector<double> sums(n_chunks * stride);
  std::vector<Total> parts(n_chunks);
  std::atomic<std::size_t> next{0};
  const auto work = [&](BlockStorage& own) {
    for (std::size_t c; (c = next++) < n_chunks;) {
      const std::size_t begin = rows.size * c / n_chunks,
                        end = rows.size * (c + 1) / n_chunks;
      double* g = sums.data() + c * stride;
      parts[c] = {g, g + size, 0.0, true};
      sum_chunk_entry(X, samples, {rows.index + begin, end - begin}, model, sum, own,
                      parts[c]);
    }
  };
  // What a thread needs is made before it starts: nothing in it can throw.
  const int n_workers = std::min<int>(n_threads, static_cast<int>(n_chunks)) - 1;
  std::vector<BlockStorage> own;
  own.reserve(std::max(n_workers, 0));
  for (int i = 0; i < n_workers; ++i) own.emplace_back(K);
  std::vector<std::thread> threads;
  threads.reserve(own.size());
  try {
    for (BlockStorage& its : own) threads.emplace_back([&work, &its] { work(its); });
  } catch (const std::system_error&) {
    // no more threads to be had: those there are take the other chunks
  }
  work(storage);
  for (std::thread& thread : threads) thread.join();

  for (const Total& part : parts) {
    total.loss_sum += part.loss_sum;
    total.finite = total.finite && part.finite;
    if (!sum.gradient) continue;
    for (std::size_t j = 0; j < size; ++j) total.g[j] += part.g[j];
    for (std::size_t k = 0; k < K; ++k) total.g_intercept[k] += part.g_intercept[k];
  }
}

// --- Steps

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
                             const Block& block, Report& report) {
  Weights<T>& w = descent.weights;
  if constexpr (Design::kSparse) {
    const auto settled =
        [pair = pairs.data(), l1 = w.l1](std::size_t j)
            SKGD_INLINE_LAMBDA { return l1.settle(pair + 2 * j, pair + 2 * j + 1); };
    if (!pairs.empty()) X.matvec_by(settled, rows, R, K, block.z);
  }
  if (pairs.empty()) X.matvec(rows, R, w.v, K, block.z);
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
    if (!pairs.empty()) X.template add_rmatvec<2>(rows, R, block.d, K, pairs.data());
  }
  if (pairs.empty()) X.add_rmatvec(rows, R, block.d, K, w.v);
  if (w.l1.received != nullptr) {
    w.l1.owed += eta * descent.penalty.l1 / w.scale;
    if (pairs.empty()) w.l1.settle_all(w.v, w.size);
  } else if (w.average.mass > 0.0) {
    for (std::size_t i = 0; i < K * R; ++i) block.d[i] *= w.average.mass;
    X.add_rmatvec(rows, R, block.d, K, w.average.moved);
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

// --- The loop

template <class Design, class T>
SKGD_INLINE Report run_epoch(const Design& X, const Samples& samples, Rows order,
                             Descent<T>& descent) {
  Weights<T>& w = descent.weights;
  const std::size_t K = samples.n_outputs, batch_size = descent.batch_size;
  BlockStorage storage(K);
  // Dense rows are read a second time by a direct step: from the second-level cache.
  const bool direct =
      descent.optimizer.name == OptimizerName::sgd && batch_size < order.size &&
      batch_size <= storage.capacity() &&
      (Design::kSparse || batch_size * X.bytes_per_row() <= 131072 || batch_size == 1);
  const bool lazy = direct && w.l1.received == nullptr;
  std::vector<double> gradient(direct ? 0 : w.size + K);
  Pairs<T> pairs;  // an average needs all coefficients settled at each step
  if (Design::kSparse && direct && w.l1.received != nullptr && w.average.w == nullptr)
    pairs.load(w);
  Report report{0.0, 0.0, true};

  for (std::size_t begin = 0; begin < order.size && report.finite;
       begin += batch_size) {
    const Rows batch{order.index + begin, std::min(batch_size, order.size - begin)};
    const double eta = descent.schedule(descent.steps + 1.0);
    if (direct) {
      for (std::size_t r = 0; r < batch.size; ++r) {
        X.prefetch(batch.index + r, order.size - begin - r);
        samples.prefetch(batch.index + r, order.size - begin - r);
      }
      if (batch.size == 1 && K == 1) {  // known to the compiler, in registers
        double y, s, z, d;
        std::int32_t code = 0;
        step_direct(X, samples, batch.index, 1, 1, eta, descent, pairs,
                    Block{&y, &s, &z, &d, &code}, report);
      } else {
        step_direct(X, samples, batch.index, batch.size, K, eta, descent, pairs,
                    storage.block, report);
      }
    } else {
      std::fill(gradient.begin(), gradient.end(), 0.0);
      Total total{gradient.data(), gradient.data() + w.size, 0.0, true};
      sum_rows(X, samples, batch, Model<T>{w.v, w.scale, w.b},
               Sum{descent.loss, descent.aggressive, eta, true}, descent.n_threads,
               storage, total);
      for (double& g : gradient) g /= static_cast<double>(batch.size);
      apply_gradient(eta, total.g, total.g_intercept, descent);
      report.loss_sum += total.loss_sum;
      report.finite = total.finite;
    }
    descent.steps += 1.0;
    descent.samples_seen += static_cast<double>(batch.size);
    report.eta_sum += eta;
    if (w.averages(descent.samples_seen)) w.take_average(lazy);
  }
  pairs.store(w);
  w.flush();
  return report;
}

}  // namespace skgd
