// Fuzzes coordinate.hpp and coordinate_sparse.hpp: descent on quadratic models with
// kinks, whose matrix need not be positive, nor finite. It must end, and not rise.
#include <cmath>
#include <cstdint>

#include "coordinate_sparse.hpp"
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
  const auto X = make_csr<double, std::int64_t>(in, p, n, wild);  // columns as rows
  Array<std::int32_t> row(X.indices.size);
  for (std::size_t k = 0; k < row.size; ++k)
    row[k] = static_cast<std::int32_t>(X.indices[k]);
  const auto scale = in.weights(p, wild), h = in.weights(n, wild),
             ridge = in.weights(p, wild), l1 = in.weights(p, wild);
  const auto nonnegative = in.positions<std::uint8_t>(p, 2);
  const auto v = in.reals(p + 1, wild), e = in.reals(n, wild);
  skgd::SparseDescent descent(
      {n, p, X.values.data(), row.data(), X.indptr.data(), scale.data()}, h.data(),
      ridge.data(), {l1.data(), nonnegative.data()}, in.flag(), v.data(), v.data() + p,
      e.data());
  const skgd::Goal goal = make_goal(in);
  CHECK(descent.run(goal).rounds <= goal.max_rounds);
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
