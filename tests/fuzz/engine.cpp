// Fuzzes engine.hpp: textbook epochs, sums of losses and norms over dense and CSR rows,
// the latter put together without care. What the core takes for sound must be so, the
// other way round too, and must give the losses of the same rows as a dense matrix.
#include "engine.hpp"

#include "losses.hpp"
#include "matrix.hpp"

namespace fuzz {
namespace {

struct Problem {
  std::size_t n, d, K;
  bool softmax, classes;
  Array<double> y, weight, positive;
  Array<std::uint8_t> narrow;
  Array<std::int32_t> wide;
  skgd::Samples samples;

  Problem(Reader& in, std::size_t n_rows, std::size_t n_columns, bool wild)
      : n(n_rows), d(n_columns) {
    softmax = in.seldom();
    classes = softmax || in.flag();
    K = in.flag() ? 1 : 1 + in.below(in.seldom() ? 40 : 5);
    if (softmax && K == 1) K = 2;
    const std::size_t most = std::max<std::size_t>(K, 2);
    if (!classes) y = in.reals(n * K, wild);
    const bool narrow_codes = in.flag();
    if (classes && narrow_codes) narrow = in.positions<std::uint8_t>(n, most);
    if (classes && !narrow_codes) wide = in.positions<std::int32_t>(n, most);
    if (in.flag()) weight = in.weights(n, wild);
    if (classes && in.seldom()) positive = in.weights(K, wild);
    samples = {
        y.data(), {narrow.data(), wide.data()}, weight.data(), positive.data(), K};
  }
};

skgd::Settings make_settings(Reader& in, const Problem& p, std::size_t n_order,
                             bool wild) {
  skgd::Settings s{};
  s.loss = make_loss(in, p.softmax);
  s.penalty = {std::fabs(in.real(wild)), in.flag() ? std::fabs(in.real(wild)) : 0.0};
  s.optimizer = {static_cast<skgd::OptimizerName>(in.flag() ? 0 : in.below(6)), 0.9,
                 0.99, 1e-8, 0.0};
  constexpr double kPowers[] = {0.0, 0.25, 0.5, 1.0, 0.3, 200.0};
  s.schedule = {std::fabs(in.real(wild)), static_cast<double>(in.below(3)),
                kPowers[in.below(6)]};
  if (!p.softmax && s.optimizer.name == skgd::OptimizerName::sgd && in.seldom()) {
    s.aggressive = static_cast<skgd::Aggressive>(1 + in.below(2));
    s.loss.name =
        p.classes ? skgd::LossName::hinge : skgd::LossName::epsilon_insensitive;
  }
  s.batch_size = 1 + (in.flag() ? 0 : in.below(n_order));
  s.fit_intercept = in.flag();
  s.n_threads = 1;
  return s;
}

// The arrays of a descent, as textbook/_state.py makes them.
template <class T>
struct Memory {
  Array<T> v, received;
  Array<double> b, w, b_mean, moved, first, second, first_b, second_b;
  skgd::State state;

  Memory(Reader& in, const Problem& p, const skgd::Settings& s, bool wild) {
    const std::size_t size = p.K * p.d;
    v = in.reals<T>(size, wild);
    b = in.reals(p.K, wild);
    const bool lazy_l1 = s.penalty.l1 > 0.0 && in.flag();
    if (lazy_l1) received = Array<T>(size);
    const bool averaged = in.flag();
    if (averaged) {
      w = Array<double>(size);
      moved = Array<double>(size);
      b_mean = Array<double>(p.K);
    }
    if (s.optimizer.name != skgd::OptimizerName::sgd) {
      first = Array<double>(size);
      second = Array<double>(size);
      first_b = Array<double>(p.K);
      second_b = Array<double>(p.K);
    }
    const double start = averaged ? static_cast<double>(1 + in.below(4)) : 0.0;
    state = {v.data(),
             received.data(),
             b.data(),
             0.0,
             {w.data(), b_mean.data(), moved.data(), start, 0.0, 0.0, 0.0},
             first.data(),
             second.data(),
             first_b.data(),
             second_b.data(),
             0.0,
             0.0};
  }
};

template <class T>
void descend(Reader& in, const skgd::Engine& engine, std::size_t n, std::size_t d,
             bool wild) {
  const Problem problem(in, n, d, wild);
  const std::size_t n_order = n == 0 ? 0 : in.below(3 * n);
  const auto order = in.positions<std::uint32_t>(n_order, n);
  skgd::Settings settings = make_settings(in, problem, n_order, wild);
  settings.n_threads = 1 + static_cast<int>(in.below(2));
  Memory<T> memory(in, problem, settings, wild);
  const skgd::Rows rows{order.data(), order.size};
  double seen = 0.0;
  for (std::size_t epoch = 1 + in.below(3); epoch > 0; --epoch) {
    const auto report = engine.run_epoch(problem.samples, rows, settings, memory.state);
    if (!report.finite) break;
    seen += static_cast<double>(n_order);
    CHECK(memory.state.samples_seen == seen);
    CHECK(memory.state.average.pending == 0.0);
  }
  engine.loss_sum(problem.samples, rows, memory.v.data(), memory.b.data(),
                  settings.loss, settings.n_threads);
  engine.largest_squared_norm(rows);
}

// The same sum of losses by dense and by CSR rows, of moderate numbers.
template <class I>
void compare(Reader& in, const CsrArrays<double, I>& X, const skgd::Engine& sparse) {
  const Array<double> values = X.dense();
  const auto dense = skgd::dense_engine<double>(values.data(), X.n, X.d);
  const auto order = in.positions<std::uint32_t>(X.n, X.n);
  const auto y = in.reals(X.n, false), v = in.reals(X.d, false), b = in.reals(1, false);
  const skgd::Samples samples{y.data(), {nullptr, nullptr}, nullptr, nullptr, 1};
  const skgd::Rows rows{order.data(), order.size};
  const skgd::Loss loss{skgd::LossName::squared_error, 0.0, {written, nullptr}};
  const double a = sparse.loss_sum(samples, rows, v.data(), b.data(), loss, 1).loss_sum;
  const double c = dense->loss_sum(samples, rows, v.data(), b.data(), loss, 1).loss_sum;
  CHECK(std::fabs(a - c) <=
        1e-10 * (1.0 + std::fabs(c)));  // |x|, |v| <= 4: z below 1e3
}

template <class T, class I>
void fuzz_csr(Reader& in, std::size_t n, std::size_t d, bool wild) {
  auto X = make_csr<T, I>(in, n, d, wild);
  if (in.flag()) corrupt(in, X);
  const char* defect = nullptr;
  const auto engine = skgd::csr_engine<T, I>(
      X.values.data(), X.indices.data(), X.indptr.data(), n, d, X.n_stored(), defect);
  CHECK((defect == nullptr) == X.sound());
  CHECK((defect == nullptr) == (engine != nullptr));
  if (defect != nullptr) return;
  if constexpr (sizeof(T) == sizeof(double))
    if (!wild) compare(in, X, *engine);
  descend<T>(in, *engine, n, d, wild);
}

template <class T>
void fuzz_dense(Reader& in, std::size_t n, std::size_t d, bool wild) {
  const auto values = in.reals<T>(n * d, wild);
  descend<T>(in, *skgd::dense_engine<T>(values.data(), n, d), n, d, wild);
}

}  // namespace
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Reader in(data, size);
  const bool wild = in.flag();
  const std::size_t kind = in.below(8);
  const std::uint64_t size_of = in.bits(1);  // seldom long rows, or several blocks
  const std::size_t n = in.below(size_of == 254 ? 60 : 14),
                    d = in.below(size_of == 255 ? 301 : 10);
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
    case 5:
      fuzz::fuzz_csr<double, std::int32_t>(in, n, d, wild);
      break;
    default:
      fuzz::fuzz_csr<double, std::int64_t>(in, n, d, wild);
  }
  return 0;
}
