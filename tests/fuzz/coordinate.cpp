// Fuzzes coordinate.hpp and coordinate_sparse.hpp: descent on quadratic models with
// kinks, whose matrix need not be positive, nor finite; and column_sweeps.hpp, on F
// itself. They must end, and not rise.
#include <cmath>
#include <cstdint>

#include "column_sweeps.hpp"
#include "losses.hpp"
#include "matrix.hpp"

namespace fuzz {
namespace {

skgd::Goal make_goal(Reader& in) {
  const int rounds = static_cast<int>(in.below(12));
  return {in.flag() ? 0.0 : 1e-6, in.flag() ? 0.0 : 1e-3, static_cast<int>(in.below(4)),
          rounds};
}

void fuzz_gram(Reader& in, bool wild) {
  const std::size_t p = 1 + in.below(12), m = 1 + in.below(12);
  Array<double> H = in.reals(p * p, wild);
  if (!wild) {  // A' A
    const auto A = in.reals(m * p, false);
    for (std::size_t j = 0; j < p; ++j)
      for (std::size_t k = 0; k < p; ++k) {
        H[j * p + k] = 0.0;
        for (std::size_t i = 0; i < m; ++i) H[j * p + k] += A[i * p + j] * A[i * p + k];
      }
  }
  const auto v = in.reals(p, wild), r = in.reals(p, wild), l1 = in.weights(p, wild);
  const auto nonnegative = in.positions<std::uint8_t>(p, 2);
  skgd::GramDescent descent(p, H.data(), {l1.data(), nonnegative.data()}, v.data(),
                            r.data());
  const skgd::Goal goal = make_goal(in);
  CHECK(descent.run(goal).rounds <= goal.max_rounds);
}

void fuzz_columns(Reader& in, bool wild) {
  const std::size_t n = 1 + in.below(14), p = 1 + in.below(10);
  const auto matrix = make_csr<double, std::int64_t>(in, p, n, wild);  // its transpose
  Array<std::int32_t> row(matrix.indices.size);
  for (std::size_t k = 0; k < row.size; ++k)
    row[k] = static_cast<std::int32_t>(matrix.indices[k]);
  const auto scale = in.weights(p, wild), h = in.weights(n, wild),
             ridge = in.weights(p, wild), l1 = in.weights(p, wild);
  const auto nonnegative = in.positions<std::uint8_t>(p, 2);
  const auto v = in.reals(p + 1, wild), e = in.reals(n, wild);
  const skgd::SparseColumns X{
      n, p, matrix.values.data(), row.data(), matrix.indptr.data(), scale.data()};
  const skgd::Kinks kinks{l1.data(), nonnegative.data()};
  const bool free_intercept = in.flag();
  if (in.flag()) {
    skgd::SparseDescent descent(X, h.data(), ridge.data(), kinks, free_intercept,
                                v.data(), v.data() + p, e.data());
    const skgd::Goal goal = make_goal(in);
    CHECK(descent.run(goal).rounds <= goal.max_rounds);
    return;
  }
  skgd::Loss loss = make_loss(in, false);
  if (loss.name == skgd::LossName::written) loss.name = skgd::LossName::log_loss;
  const auto y = in.reals(n, wild);
  const auto order = in.positions<std::uint32_t>(p, p);
  const skgd::ColumnProblem problem{
      X, loss, y.data(), h.data(), ridge.data(), kinks, free_intercept};
  skgd::ColumnState state{v.data(),     v.data() + p,    e.data(),
                          order.data(), in.below(p + 1), std::fabs(in.real(wild))};
  const skgd::ColumnSweep sweep = skgd::run_sweep(problem, state);
  CHECK(!(sweep.gain < 0.0));
  CHECK(sweep.n_active <= state.n_active);
}

}  // namespace
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Reader in(data, size);
  const bool wild = in.flag();
  if (in.flag())
    fuzz::fuzz_gram(in, wild);
  else
    fuzz::fuzz_columns(in, wild);
  return 0;
}
