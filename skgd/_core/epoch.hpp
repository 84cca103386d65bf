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
// e) The plainest steps on single rows have a loop of their own (plain.hpp).
// f) Which loss or optimizer it is, is asked once a block or a step: measured free.
#pragma once

#include "gradient.hpp"
#include "plain.hpp"
#include "step.hpp"

namespace skgd {

// Dense rows are read a second time by a direct step, from the first-level cache.
constexpr std::size_t kDirectBytes = 32768;

template <class Design, class T>
SKGD_INLINE Report run_epoch(const Design& X, const Samples& samples, Rows order,
                             Descent<T>& descent) {
  Weights<T>& w = descent.weights;
  const std::size_t K = samples.n_outputs, batch_size = descent.batch_size;
  if (batch_size < order.size && is_plain(K, descent))
    return run_plain(X, samples, order, descent);
  BlockStorage storage(K);
  const bool direct =
      descent.optimizer.name == OptimizerName::sgd && batch_size < order.size &&
      batch_size <= storage.capacity() &&
      (Design::kSparse || batch_size * X.bytes_per_row() <= kDirectBytes ||
       batch_size == 1);
  const bool lazy = direct && w.l1.received == nullptr;
  const std::size_t n_gradient = direct ? 0 : w.size + K;
  AlignedArray<double> own(n_gradient);
  double* const gradient = own.data();
  Pairs<T> pairs;  // an average needs all coefficients settled at each step
  if (Design::kSparse && direct && w.l1.received != nullptr && w.average.w == nullptr)
    pairs.load(w);
  Lookahead<Design> ahead(X, samples, order, batch_size);
  Report report{0.0, 0.0, true};

  for (std::size_t begin = 0; begin < order.size && report.finite;
       begin += batch_size) {
    const std::size_t left = order.size - begin, size = std::min(batch_size, left);
    const Rows batch{order.index + begin, size, left - size};
    const double eta = descent.schedule(descent.steps + 1.0);
    if (direct) {
      if constexpr (Design::kSparse)
        if (batch_size == 1 && !pairs.empty() && left > 1)
          X.prefetch_columns(batch.index[1], pairs.data(), 2 * K);
      if (batch.size == 1 && K == 1) {  // known to the compiler, in registers
        double y, s, z, d;
        std::int32_t code = 0;
        step_direct(X, samples, batch.index, 1, 1, eta, descent, pairs, ahead,
                    Block{&y, &s, &z, &d, &code}, report);
      } else {
        step_direct(X, samples, batch.index, batch.size, K, eta, descent, pairs, ahead,
                    storage.block, report);
      }
    } else {
      std::fill_n(gradient, n_gradient, 0.0);
      Total total{gradient, gradient + w.size, 0.0, true};
      sum_rows(X, samples, batch, Model<T>{w.v, w.scale, w.b},
               Sum{descent.loss, descent.aggressive, eta, true}, descent.n_threads,
               storage, total);
      for (std::size_t j = 0; j < n_gradient; ++j)
        gradient[j] /= static_cast<double>(batch.size);
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

#define SKGD_DECLARE(CLONES, Design, T)                                       \
  Report run_epoch_entry(const Design& X, const Samples& samples, Rows order, \
                         Descent<T>& descent);
SKGD_DESIGNS(SKGD_DECLARE)
#undef SKGD_DECLARE

}  // namespace skgd
