// The loops of stochastic.hpp, compiled once for each instruction set.
#include "stochastic.hpp"

namespace skgd {

#define SKGD_DEFINE(CLONES, Design, T)                                              \
  CLONES void run_saga_entry(const Design& X, const RowLoss& loss, const Metric& m, \
                             const Saga& f) {                                       \
    run_saga(X, loss, m, f);                                                        \
  }                                                                                 \
  CLONES void row_norms_entry(const Design& X, const double* mean,                  \
                              const double* weight, const std::uint32_t* rows,      \
                              std::size_t n, double* out) {                         \
    row_norms(X, mean, weight, rows, n, out);                                       \
  }                                                                                 \
  CLONES void run_sweep_entry(const Design& X, Sweep& f) { run_sweep(X, f); }
SKGD_DESIGNS(SKGD_DEFINE)

}  // namespace skgd
