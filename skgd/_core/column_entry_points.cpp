// The loops of column_sweeps.hpp, compiled once for each instruction set.
#include "column_sweeps.hpp"

namespace skgd {

SKGD_CLONES ColumnSweep sweep_columns(const ColumnProblem& problem,
                                      ColumnState& state) {
  return run_sweep(problem, state);
}

}  // namespace skgd
