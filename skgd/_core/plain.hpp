// The plainest epoch, and the one that most fits are made of: plain sgd on one row a
// step, one output, l2 or no penalty, no average. What a step changes besides v stays
// in registers: in memory the compiler has to reload it after each store to v.
#pragma once

#include "rows.hpp"
#include "step.hpp"

namespace skgd {

template <class T>
SKGD_INLINE bool is_plain(std::size_t n_outputs, const Descent<T>& descent) {
  return n_outputs == 1 && descent.batch_size == 1 &&
         descent.aggressive == Aggressive::no &&
         descent.optimizer.name == OptimizerName::sgd &&
         descent.weights.l1.received == nullptr && descent.weights.average.w == nullptr;
}

// w <- decay w - eta d x for each row x, until a raw prediction is not finite.
template <class Design, class T>
SKGD_INLINE Report run_plain(const Design& X, const Samples& samples, Rows order,
                             Descent<T>& descent) {
  Weights<T>& w = descent.weights;
  T* const v = w.v;
  const Loss loss = descent.loss;
  const Penalty penalty = descent.penalty;
  const Schedule schedule = descent.schedule;
  const bool fit_intercept = descent.fit_intercept;
  double scale = w.scale, b = *w.b, loss_sum = 0.0, eta_sum = 0.0;
  const double steps = descent.steps;
  bool finite = true;
  std::size_t i = 0;
  Lookahead<Design> ahead(X, samples, order, 1);
  for (; i < order.size && finite; ++i) {
    const std::uint32_t* row = order.index + i;
    const double eta = schedule(steps + static_cast<double>(i + 1));
    double y, s, z, d;
    X.matvec(row, 1, v, 1, &z, ahead);
    z = scale * z + b;
    samples.read(row, 1, 1, &y, &s);
    loss_sum += evaluate(loss, 1, 1, &y, nullptr, &z, &s, &d);
    finite = all_finite(&z, 1);
    const double decay = penalty.decay(eta);
    if (w.decays_lazily(scale, decay)) {
      scale *= decay;
    } else {
      w.scale = scale;
      w.decay(decay);
      scale = w.scale;
    }
    const double unscaled = -eta / scale, c = unscaled * d;
    if (fit_intercept) b -= eta * d;
    X.add_rmatvec(row, 1, &c, 1, v, ahead);
    eta_sum += eta;
  }
  w.scale = scale;
  *w.b = b;
  descent.steps += static_cast<double>(i);
  descent.samples_seen += static_cast<double>(i);
  w.flush();
  return {loss_sum, eta_sum, finite};
}

}  // namespace skgd
