// Fuzzes dual.hpp: sweeps, certificates and intercepts of dual coordinate ascent, on
// numbers that may be infinite or none.
#include "dual.hpp"

#include "matrix.hpp"

namespace fuzz {
namespace {

void ascend(Reader& in, skgd::Dual& dual, bool wild) {
  const std::size_t n = dual.rows.size();
  const bool smooth = in.flag();
  Array<std::uint32_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(i);
  for (skgd::DualRow& row : dual.rows) {
    row.centre = in.real(wild);
    row.lo = -std::fabs(in.real(wild));
    row.hi = std::fabs(in.real(wild));
    row.gamma = smooth ? std::fabs(in.real(wild)) + (wild ? 0.0 : 1e-3) : 0.0;
  }
  if (in.flag()) dual.free_intercept(wild ? in.real(true) : 0.5);
  std::size_t active = n;
  for (std::size_t turn = in.below(4); turn > 0; --turn) {
    const auto report = dual.sweep(order.data(), active, 1 + in.below(4),
                                   1 + in.below(3), in.real(wild));
    CHECK(report.n_active <= active);
    active = in.flag() ? report.n_active : n;
    dual.recentre();
    const auto value = dual.certify();
    if (!wild) CHECK(value.gap >= 0.0 && value.objective >= 0.0);
  }
  if (in.flag()) dual.set_w();
  std::sort(order.data(), order.data() + n);
  for (std::size_t i = 0; i < n; ++i) CHECK(order[i] == i);
}

template <class T, class I>
void fuzz_csr(Reader& in, bool wild) {
  const std::size_t n = 1 + in.below(30), d = in.below(10), n_rows = 1 + in.below(40);
  const auto X = make_csr<T, I>(in, n, d, wild);
  const auto rows = in.positions<std::uint32_t>(n_rows, n);
  const double alpha = wild ? std::fabs(in.real(true)) : 0.01 + in.below(200) / 100.0;
  const auto dual =
      skgd::make_dual<T, I>(X.values.data(), X.indices.data(), X.indptr.data(), d,
                            rows.data(), n_rows, {alpha, in.flag() ? 0.0 : 0.1, 0.0});
  ascend(in, *dual, wild);
}

}  // namespace
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Reader in(data, size);
  const bool wild = in.flag();
  switch (in.below(4)) {
    case 0:
      fuzz::fuzz_csr<float, std::int32_t>(in, wild);
      break;
    case 1:
      fuzz::fuzz_csr<float, std::int64_t>(in, wild);
      break;
    case 2:
      fuzz::fuzz_csr<double, std::int32_t>(in, wild);
      break;
    default:
      fuzz::fuzz_csr<double, std::int64_t>(in, wild);
  }
  return 0;
}
