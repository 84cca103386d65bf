// The loss and its gradient over many rows, summed in chunks that threads share.
#pragma once

#include <vector>

#include "block.hpp"
#include "design.hpp"
#include "threads.hpp"

namespace skgd {

template <class T>
struct Model {
  const T* v;
  double scale;
  const double* b;
};

// What is summed over rows, and how.
struct Sum {
  Loss loss;
  Aggressive aggressive;
  double C;
  bool gradient;  // or the loss alone
};

struct Total {
  double *g, *g_intercept;  // sums of d x, in v's layout, and of d
  double loss_sum;
  bool finite;
};

template <class Design, class T>
SKGD_INLINE void sum_chunk(const Design& X, const Samples& samples, Rows rows,
                           Model<T> model, const Sum& sum, BlockStorage& storage,
                           Total& total) {
  const std::size_t K = samples.n_outputs, step = storage.rows_of(X);
  const Block& block = storage.block;
  Lookahead<Design> ahead(X, samples, rows, std::min(step, rows.size),
                          sum.gradient ? 2 : 1);
  for (std::size_t begin = 0; begin < rows.size; begin += step) {
    const std::uint32_t* index = rows.index + begin;
    const std::size_t R = std::min(step, rows.size - begin);
    X.matvec(index, R, model.v, K, block.z, ahead);
    total.loss_sum +=
        block.evaluate(samples, index, R, K, model.scale, model.b, sum.loss);
    total.finite = total.finite && all_finite(block.z, K * R);
    if (!sum.gradient) continue;
    if (sum.aggressive != Aggressive::no)
      make_aggressive(sum.aggressive, sum.C, sum.loss, X, index, R, K, block);
    for (std::size_t k = 0; k < K; ++k)
      total.g_intercept[k] += sum_of(block.d + k * R, R);
    X.add_rmatvec(index, R, block.d, K, total.g, ahead);
  }
}

#define SKGD_DECLARE(CLONES, Design, T)                                       \
  void sum_chunk_entry(const Design& X, const Samples& samples, Rows rows,    \
                       Model<T> model, const Sum& sum, BlockStorage& storage, \
                       Total& total);
SKGD_DESIGNS(SKGD_DECLARE)
#undef SKGD_DECLARE

template <class Design, class T>
void sum_rows(const Design& X, const Samples& samples, Rows rows, Model<T> model,
              const Sum& sum, int n_threads, BlockStorage& storage, Total& total) {
  const std::size_t K = samples.n_outputs, size = K * X.n_features;
  const std::size_t n_chunks = chunk_count(X, rows.size, size),
                    line = kCacheLine / sizeof(double);
  if (n_chunks == 1)
    return sum_chunk_entry(X, samples, rows, model, sum, storage, total);

  const std::size_t stride = sum.gradient ? (size + K + line - 1) / line * line : 0;
  AlignedArray<double> sums(n_chunks * stride);
  std::vector<Total> parts(n_chunks);
  // What a thread needs is made before it starts: nothing in it can throw.
  std::vector<BlockStorage> own;
  own.reserve(worker_count(n_chunks, n_threads) - 1);
  for (int i = 1; i < worker_count(n_chunks, n_threads); ++i) own.emplace_back(K);
  for_chunks(n_chunks, n_threads, [&](int worker, std::size_t c) {
    const std::size_t begin = rows.size * c / n_chunks,
                      end = rows.size * (c + 1) / n_chunks;
    double* g = sums.data() + c * stride;
    parts[c] = {g, g + size, 0.0, true};
    sum_chunk_entry(X, samples, {rows.index + begin, end - begin}, model, sum,
                    worker == 0 ? storage : own[worker - 1], parts[c]);
  });

  for (const Total& part : parts) {
    total.loss_sum += part.loss_sum;
    total.finite = total.finite && part.finite;
    if (!sum.gradient) continue;
    for (std::size_t j = 0; j < size; ++j) total.g[j] += part.g[j];
    for (std::size_t k = 0; k < K; ++k) total.g_intercept[k] += part.g_intercept[k];
  }
}

}  // namespace skgd
