// Fuzzes view.hpp and sample_space.hpp: products with centred rows, ranges, Gram
// matrices, and losses in a plane of raw predictions; one or two threads, same bits.
#include "view.hpp"

#include <string>

#include "losses.hpp"
#include "matrix.hpp"

namespace fuzz {
namespace {

struct Sample {
  std::size_t K;
  Array<double> y, s;
  Array<std::int32_t> code;
  skgd::SampleLoss loss;

  Sample(Reader& in, std::size_t n, bool softmax, bool wild)
      : K(softmax ? 2 + in.below(4) : 1), y(softmax ? 0 : n), s(in.weights(n, wild)) {
    if (softmax)
      code = in.positions<std::int32_t>(n, K);
    else
      y = in.reals(n, wild);
    loss = {make_loss(in, softmax), y.data(), code.data(), s.data(), n, K};
    if (!wild) put_in_domain(loss.loss.name);
  }

 private:
  void put_in_domain(skgd::LossName name) {
    if (name >= skgd::LossName::softmax) return;
    const std::string domain = skgd::kLosses[static_cast<int>(name)].traits.targets;
    for (std::size_t i = 0; i < y.size; ++i) {
      if (domain == "signs") y[i] = y[i] > 0.0 ? 1.0 : -1.0;
      if (domain == ">= 0") y[i] = std::fabs(y[i]);
      if (domain == "> 0") y[i] = std::fabs(y[i]) + 0.01;
    }
  }
};

bool same_bits(const Array<double>& a, const Array<double>& b) {
  return a.size == b.size &&
         (a.size == 0 || std::memcmp(a.data(), b.data(), a.size * sizeof(double)) == 0);
}

void products(Reader& in, const skgd::View& view, std::size_t n, std::size_t d,
              bool wild) {
  const std::size_t K = 1 + in.below(4);
  const auto u = in.reals(K * d, wild), r = in.reals(K * n, wild),
             h = in.weights(n, wild);
  Array<double> z(K * n), again(K * n), g(K * d), g_again(K * d), squares(d);
  view.matvec(u.data(), K, z.data(), 1);
  view.matvec(u.data(), K, again.data(), 2);
  CHECK(same_bits(z, again));
  view.rmatvec(r.data(), K, g.data(), 1);
  view.rmatvec(r.data(), K, g_again.data(), 2);
  CHECK(same_bits(g, g_again));
  view.rmatvec_squared(h.data(), squares.data(), 1);
  Array<double> sum(d), low(d), high(d);
  view.range(h.data(), sum.data(), low.data(), high.data(), 1 + in.below(2));
  if (!wild && n > 0)
    for (std::size_t j = 0; j < d; ++j) CHECK(low[j] <= high[j] && squares[j] >= 0.0);
}

void gradient(Reader& in, const skgd::View& view, std::size_t n, std::size_t d,
              bool wild) {
  const Sample sample(in, n, false, wild);
  const auto u = in.reals(d, wild);
  Array<double> g(d + 2), again(d + 2);
  view.gradient(u.data(), in.real(wild), sample.loss, g.data(), 1);
}

void losses(Reader& in, std::size_t n, bool wild) {
  const Sample sample(in, n, in.flag(), wild);
  const std::size_t K = sample.K, p = 1 + in.below(skgd::kMostDirections);
  const auto z = in.reals(K * n, wild), Z = in.reals(p * K * n, wild),
             c = in.reals(p, wild);
  Array<double> d(K * n), h(K * n), gradient(p), hessian(p * p);
  const int n_threads = 1 + static_cast<int>(in.below(2));
  const double loss =
      skgd::evaluate(sample.loss, z.data(), d.data(), h.data(), n_threads);
  skgd::evaluate_plane(sample.loss, z.data(), Z.data(), p, c.data(), gradient.data(),
                       hessian.data(), n_threads);
  if (wild) return;
  CHECK(loss >= -1e-9);
  for (std::size_t i = 0; i < K * n; ++i) CHECK(h[i] >= -1e-9 || std::isnan(h[i]));
}

// What BLAS does, for arrays in the order of its columns.
void dsyrk(char*, char*, int* n, int* k, double* alpha, double* A, int* lda, double*,
           double* C, int* ldc) {
  for (int l = 0; l < *k; ++l)
    for (int j = 0; j < *n; ++j)
      for (int i = j; i < *n; ++i)
        C[j * *ldc + i] += *alpha * A[l * *lda + i] * A[l * *lda + j];
}

void dgemm(char*, char*, int* m, int* n, int* k, double* alpha, double* A, int* lda,
           double* B, int* ldb, double*, double* C, int* ldc) {
  for (int j = 0; j < *n; ++j)
    for (int l = 0; l < *k; ++l)
      for (int i = 0; i < *m; ++i)
        C[j * *ldc + i] += *alpha * A[l * *lda + i] * B[j * *ldb + l];
}

void grams(Reader& in, const skgd::View& view, bool sparse, std::size_t n_samples,
           std::size_t d, bool wild) {
  const std::size_t m = in.below(20);
  if (n_samples == 0) return;
  const auto rows = in.positions<std::uint32_t>(m, n_samples);
  const auto factor = in.weights(m, wild), scale = in.weights(d, wild);
  const std::size_t width = d + in.below(2), n_roots = in.below(3);
  const int n_threads = 1 + static_cast<int>(in.below(2));
  const auto roots = in.reals(n_roots * m, wild);
  Array<double> out(sparse ? 0 : (width + n_roots) * width), H(sparse ? d * d : 0);
  view.gram(rows.data(), m, factor.data(), scale.data(), width, roots.data(), n_roots,
            {dsyrk, dgemm}, out.data(), n_threads);
  view.raw_gram(rows.data(), m, factor.data(), H.data(), n_threads);
  if (wild || sparse) return;
  for (std::size_t j = 0; j < width; ++j) CHECK(out[j * width + j] >= 0.0);
}

void use(Reader& in, const skgd::View& view, bool sparse, std::size_t n_samples,
         std::size_t n, std::size_t d, bool wild) {
  products(in, view, n, d, wild);
  gradient(in, view, n, d, wild);
  grams(in, view, sparse, n_samples, d, wild);
}

struct Shape {
  std::size_t n_samples, n_rows, d;
};

template <class T>
void fuzz_dense(Reader& in, Shape s, bool wild) {
  const auto values = in.reals<T>(s.n_samples * s.d, wild);
  const auto rows = in.positions<std::uint32_t>(s.n_rows, s.n_samples);
  const auto mean = in.reals(s.d, wild);
  const auto view = skgd::dense_view<T>(values.data(), s.n_samples, s.d, rows.data(),
                                        s.n_rows, mean.data());
  use(in, *view, false, s.n_samples, s.n_rows, s.d, wild);
}

template <class T, class I>
void fuzz_csr(Reader& in, Shape s, bool wild) {
  const auto X = make_csr<T, I>(in, s.n_samples, s.d, wild);
  const auto rows = in.positions<std::uint32_t>(s.n_rows, s.n_samples);
  const auto mean = in.reals(s.d, wild);
  const auto view =
      skgd::csr_view<T, I>(X.values.data(), X.indices.data(), X.indptr.data(),
                           s.n_samples, s.d, rows.data(), s.n_rows, mean.data());
  use(in, *view, true, s.n_samples, s.n_rows, s.d, wild);
}

}  // namespace
}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Reader in(data, size);
  const bool wild = in.flag();
  const std::size_t kind = in.below(8);
  const std::uint64_t size_of = in.bits(1);  // seldom long rows, or several blocks
  const bool long_rows = size_of == 255, many_rows = size_of == 254;
  fuzz::Shape s{in.below(20), 0, in.below(long_rows ? 201 : 10)};
  s.n_rows = s.n_samples == 0 ? 0 : in.below(many_rows ? 600 : 30);
  switch (kind) {
    case 0:
      fuzz::fuzz_dense<float>(in, s, wild);
      break;
    case 1:
      fuzz::fuzz_dense<double>(in, s, wild);
      break;
    case 2:
      fuzz::fuzz_csr<float, std::int32_t>(in, s, wild);
      break;
    case 3:
      fuzz::fuzz_csr<float, std::int64_t>(in, s, wild);
      break;
    case 4:
      fuzz::fuzz_csr<double, std::int32_t>(in, s, wild);
      break;
    case 5:
      fuzz::fuzz_csr<double, std::int64_t>(in, s, wild);
      break;
    default:
      fuzz::losses(in, in.below(many_rows ? 700 : 30), wild);
  }
  return 0;
}
