// Fuzzes stochastic.hpp and perceptron.hpp: SAGA epochs, Rosenblatt sweeps and norms of
// rows over dense and CSR rows; and the orders of rows of order.hpp.
#include "stochastic.hpp"

#include "losses.hpp"
#include "matrix.hpp"
#include "order.hpp"

namespace fuzz {
namespace {

struct Epoch {  // arrays of `n` positions, and the rows of X that they stand for
  std::size_t n, n_steps;
  Array<std::uint32_t> rows, order, rows_of_order;
  Array<double> mean;

  Epoch(Reader& in, std::size_t n_samples, std::size_t d, bool wild)
      : n(n_samples == 0 ? 0 : 1 + in.below(20)),
        n_steps(n == 0 ? 0 : in.below(40)),
        rows(in.positions<std::uint32_t>(n, n_samples)),
        order(in.positions<std::uint32_t>(n_steps, n)),
        rows_of_order(n_steps),
        mean(in.reals(d, wild)) {
    for (std::size_t t = 0; t < n_steps; ++t) rows_of_order[t] = rows[order[t]];
  }
};

void saga(Reader& in, const skgd::Stochastic& rows, const Epoch& e, std::size_t d,
          bool wild) {
  const bool softmax = in.seldom();
  const std::size_t K = softmax ? 2 + in.below(3) : 1;
  const auto y = in.reals(softmax ? 0 : e.n, wild), s = in.weights(e.n, wild);
  const auto code = in.positions<std::int32_t>(softmax ? e.n : 0, K);
  const skgd::RowLoss loss{make_loss(in, softmax), y.data(), code.data(), s.data()};
  const auto step = in.weights(d, wild), ridge = in.weights(d, wild);
  const skgd::Metric metric{e.mean.data(), step.data(), ridge.data(), 0.1};
  const auto z = in.reals(K * e.n, wild);
  const auto table = in.reals(K * e.n, wild), G = in.reals(K * d, wild),
             Gb = in.reals(K, wild), chance = in.weights(e.n, wild);
  Array<double> w(K * d), b(K);
  rows.saga(loss, metric,
            {z.data(), table.data(), w.data(), G.data(), b.data(), Gb.data(), e.n, K,
             e.order.data(), e.rows_of_order.data(), e.n_steps, chance.data()});
}

void sweep(Reader& in, const skgd::Stochastic& rows, const Epoch& e, std::size_t d,
           bool wild) {
  const auto y = in.reals(e.n, false), s = in.weights(e.n, wild),
             metric = in.weights(d, wild);
  const auto w = in.reals(d + 1, wild), late = in.reals(d + 1, wild);
  skgd::Sweep f{y.data(),      s.data(),       e.mean.data(),
                metric.data(), e.order.data(), e.rows_of_order.data(),
                e.n_steps,     in.flag(),      0.0,
                w.data(),      late.data(),    0.0};
  rows.sweep(f);
  CHECK(f.t == static_cast<double>(e.n_steps));
}

void use(Reader& in, const skgd::Stochastic& rows, std::size_t n_samples, std::size_t d,
         bool wild) {
  const Epoch epoch(in, n_samples, d, wild);
  const auto weight = in.weights(d, wild);
  Array<double> norms(epoch.n);
  rows.norms(epoch.mean.data(), weight.data(), epoch.rows.data(), epoch.n,
             norms.data());
  if (in.flag())
    saga(in, rows, epoch, d, wild);
  else
    sweep(in, rows, epoch, d, wild);
}

template <class T>
void fuzz_dense(Reader& in, std::size_t n, std::size_t d, bool wild) {
  const auto values = in.reals<T>(n * d, wild);
  use(in, *skgd::dense_stochastic<T>(values.data(), n, d), n, d, wild);
}

template <class T, class I>
void fuzz_csr(Reader& in, std::size_t n, std::size_t d, bool wild) {
  const auto X = make_csr<T, I>(in, n, d, wild);
  use(in,
      *skgd::csr_stochastic<T, I>(X.values.data(), X.indices.data(), X.indptr.data(), n,
                                  d),
      n, d, wild);
}

// Whatever was in `order` before: each of the rows once.
void orders(Reader& in, std::size_t n_samples) {
  Array<std::uint8_t> kept(n_samples);
  std::size_t n = 0;
  const bool all = in.flag();
  for (std::size_t i = 0; i < n_samples; ++i) n += kept[i] = all || in.flag();
  Array<std::uint32_t> order(n), sorted(n);
  const skgd::Kept rows{all ? nullptr : kept.data(), n_samples};
  std::uint64_t state = in.bits(8);
  skgd::put_in_order(rows, sorted.data());
  skgd::put_in_order(rows, order.data());
  if (in.flag())
    skgd::shuffle(rows, order.data(), state);
  else if (in.flag())
    skgd::shuffle(order.data(), n, state);
  else
    skgd::shuffle_blocks(order.data(), n, 1 + in.below(n + 2), state);
  std::sort(order.data(), order.data() + n);
  for (std::size_t i = 0; i < n; ++i) CHECK(order[i] == sorted[i]);
}

}  // namespace
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Reader in(data, size);
  const bool wild = in.flag();
  const std::size_t kind = in.below(8), n = in.below(16), d = in.below(10);
  switch (kind) {
    case 0:
      fuzz::fuzz_dense<float>(in, n, d, wild);
      break;
    case 1:
      fuzz::fuzz_dense<double>(in, n, d, wild);
      break;
    case 2:
      fuzz::fuzz_csr<float, std::int32_t>(in, n, d, wild);
      break;
    case 3:
      fuzz::fuzz_csr<float, std::int64_t>(in, n, d, wild);
      break;
    case 4:
      fuzz::fuzz_csr<double, std::int32_t>(in, n, d, wild);
      break;
    case 5:
      fuzz::fuzz_csr<double, std::int64_t>(in, n, d, wild);
      break;
    default:
      fuzz::orders(in, in.below(50));
  }
  return 0;
}
