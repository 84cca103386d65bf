// The loops of epoch.hpp for each design: the only place where they are compiled.
#include "epoch.hpp"

namespace skgd {

#define SKGD_DEFINE(CLONES, Design, T)                                               \
  CLONES void sum_chunk_entry(const Design& X, const Samples& samples, Rows rows,    \
                              Model<T> model, const Sum& sum, BlockStorage& storage, \
                              Total& total) {                                        \
    sum_chunk(X, samples, rows, model, sum, storage, total);                         \
  }                                                                                  \
  CLONES Report run_epoch_entry(const Design& X, const Samples& samples, Rows order, \
                                Descent<T>& descent) {                               \
    return run_epoch(X, samples, order, descent);                                    \
  }
SKGD_DESIGNS(SKGD_DEFINE)

}  // namespace skgd
