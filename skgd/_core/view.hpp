// The training rows of X, centred as they are read: what auto descent multiplies with.
//
// z = (X - 1 mean') u and g = (X - 1 mean')' r, without a copy of X, by the loops of
// centred.hpp. Arrays of sample space are (K, n_rows).
//
// Sums over rows are made in chunks whose number depends on the data alone; threads
// take chunks, and the sums are added in order: the same bits for any number of them.
#pragma once

#include <memory>
#include <vector>

#include "blas.hpp"
#include "centred.hpp"
#include "gram.hpp"
#include "threads.hpp"

namespace skgd {

constexpr std::size_t kSecondCache = 1 << 20;  // rows within are not asked for
constexpr std::size_t kGramValues = 65536;     // of a block: half a second-level cache

class View {
 public:
  virtual ~View() = default;
  // z (K, n) = (X - mean) u, for u (K, d)
  virtual void matvec(const double* u, std::size_t K, double* z,
                      int n_threads) const = 0;
  // g (K, d) = (X - mean)' r, for r (K, n);  squared: of the squares, K = 1
  virtual void rmatvec(const double* r, std::size_t K, double* g,
                       int n_threads) const = 0;
  virtual void rmatvec_squared(const double* h, double* g, int n_threads) const = 0;
  // g (d + 2): the gradient in u and in b of sum_i s_i l((X - mean) u + b), and that
  // sum
  virtual void gradient(const double* u, double b, const SampleLoss& f, double* g,
                        int n_threads) const = 0;
  // sum_i s_i x_i, least and greatest value of each column
  virtual void range(const double* s, double* sum, double* low, double* high,
                     int n_threads) const = 0;
  // Dense, of n rows a_i = factor_i [(x_i - mean) scale, 1], width d or d + 1: in the
  // first lines of out (width + n_roots, width) the upper half of sum_i a_i a_i', in
  // the others roots a for roots (n_roots, n)
  virtual void gram(const std::uint32_t* rows, std::size_t n, const double* factor,
                    const double* scale, std::size_t width, const double* roots,
                    std::size_t n_roots, const Blas& blas, double* out,
                    int n_threads) const = 0;
  // CSR: H (d, d) = sum_i h_i x_i x_i'
  virtual void raw_gram(const std::uint32_t* rows, std::size_t n, const double* h,
                        double* H, int n_threads) const = 0;
};

#define SKGD_VIEW_DECLARE(CLONES, Design, T)                                        \
  void centred_dots_entry(const Design&, const double* mean, const Chunk&,          \
                          const double* u, double* z);                              \
  void add_centred_entry(const Design&, const double* mean, const Chunk&,           \
                         const double* r, double* g);                               \
  void add_centred_squared_entry(const Design&, const double* mean, const Chunk&,   \
                                 const double* r, double* g);                       \
  void add_gradient_entry(const Design&, const double* mean, const Chunk&,          \
                          const double* u, double b, const SampleLoss&, double* g); \
  void add_range_entry(const Design&, const Chunk&, const double* s, double* sum,   \
                       double* low, double* high);
SKGD_DESIGNS(SKGD_VIEW_DECLARE)
#undef SKGD_VIEW_DECLARE
void write_block_entry(const Dense<float>&, const double*, const double*, const Chunk&,
                       const double*, std::size_t, double*);
void write_block_entry(const Dense<double>&, const double*, const double*, const Chunk&,
                       const double*, std::size_t, double*);

template <class Design>
class ViewOf final : public View {
 public:
  ViewOf(Design X, const std::uint32_t* rows, std::size_t n_rows, const double* mean)
      : X_(X), rows_(rows), n_(n_rows), mean_(mean) {}

  void matvec(const double* u, std::size_t K, double* z, int n_threads) const override {
    const std::size_t d = X_.n_features, n_chunks = chunk_count(X_, n_, 0);
    for_chunks(n_chunks, n_threads, [&](int, std::size_t c) {
      each_block(c, n_chunks, [&](const Chunk& block) {
        for (std::size_t k = 0; k < K; ++k)
          centred_dots_entry(X_, mean_, block, u + k * d, z + k * n_);
      });
    });
    if constexpr (Design::kSparse)
      for (std::size_t k = 0; k < K; ++k) {
        double shift = 0.0;
        for (std::size_t j = 0; j < d; ++j) shift += mean_[j] * u[k * d + j];
        for (std::size_t i = 0; i < n_; ++i) z[k * n_ + i] -= shift;
      }
  }

  void rmatvec(const double* r, std::size_t K, double* g,
               int n_threads) const override {
    const std::size_t d = X_.n_features;
    sum(K * d, g, n_threads, [&](const Chunk& block, double* to) {
      for (std::size_t k = 0; k < K; ++k)
        add_centred_entry(X_, mean_, block, r + k * n_, to + k * d);
    });
    if constexpr (Design::kSparse)
      for (std::size_t k = 0; k < K; ++k) {
        double total = 0.0;
        for (std::size_t i = 0; i < n_; ++i) total += r[k * n_ + i];
        for (std::size_t j = 0; j < d; ++j) g[k * d + j] -= mean_[j] * total;
      }
  }

  void rmatvec_squared(const double* h, double* g, int n_threads) const override {
    const std::size_t d = X_.n_features;
    const auto add = [&](const Chunk& block, double* to) {
      add_centred_squared_entry(X_, mean_, block, h, to);
    };
    if constexpr (!Design::kSparse) {
      sum(d, g, n_threads, add);
    } else {
      std::vector<double> both(2 * d);
      sum(2 * d, both.data(), n_threads, add);
      double total = 0.0;
      for (std::size_t i = 0; i < n_; ++i) total += h[i];
      for (std::size_t j = 0; j < d; ++j)
        g[j] = both[j] + std::max(total - both[d + j], 0.0) * mean_[j] * mean_[j];
    }
  }

  void gradient(const double* u, double b, const SampleLoss& f, double* g,
                int n_threads) const override {
    const std::size_t d = X_.n_features;
    if constexpr (Design::kSparse)
      for (std::size_t j = 0; j < d; ++j) b -= mean_[j] * u[j];
    sum(d + 2, g, n_threads, [&](const Chunk& block, double* to) {
      add_gradient_entry(X_, mean_, block, u, b, f, to);
    });
    if constexpr (Design::kSparse)
      for (std::size_t j = 0; j < d; ++j) g[j] -= mean_[j] * g[d];
  }

  void range(const double* s, double* sum, double* low, double* high,
             int n_threads) const override {
    const std::size_t d = X_.n_features, n_chunks = chunk_count(X_, n_, 4 * d);
    std::vector<double> parts(n_chunks * 4 * d, 0.0);
    for_chunks(n_chunks, n_threads, [&](int, std::size_t c) {
      double* part = parts.data() + c * 4 * d;  // sums, least, greatest, counts
      std::fill_n(part + d, d, kInfinite);
      std::fill_n(part + 2 * d, d, -kInfinite);
      each_block(c, n_chunks, [&](const Chunk& block) {
        add_range_entry(X_, block, s, part, part + d, part + 2 * d);
      });
    });
    for (std::size_t j = 0; j < d; ++j) {
      double count = 0.0;
      sum[j] = 0.0, low[j] = kInfinite, high[j] = -kInfinite;
      for (std::size_t c = 0; c < n_chunks; ++c) {
        const double* part = parts.data() + c * 4 * d + j;
        sum[j] += part[0];
        low[j] = std::min(low[j], part[d]);
        high[j] = std::max(high[j], part[2 * d]);
        count += part[3 * d];
      }
      if (Design::kSparse && count < static_cast<double>(n_)) {
        low[j] = std::min(low[j], 0.0);  // what is not stored
        high[j] = std::max(high[j], 0.0);
      }
    }
  }

  void gram(const std::uint32_t* rows, std::size_t n, const double* factor,
            const double* scale, std::size_t width, const double* roots,
            std::size_t n_roots, const Blas& blas, double* out,
            int n_threads) const override {
    if constexpr (!Design::kSparse) {
      if (width == 0) return;
      const std::size_t size = width * (width + n_roots),
                        n_chunks = chunk_count(X_, n, size);
      const bool tiled = width <= kMostTiled && tiles_pay();
      const std::size_t most = std::max(kGramValues / width,
                                        std::min<std::size_t>(width, 256)),
                        step = std::min(n, tiled ? kTileValues / width + 1 : most);
      std::vector<std::vector<double>> memory(
          worker_count(n_chunks, n_threads),
          std::vector<double>(step * (width + n_roots) + kTileMargin));
      in_chunks(n_chunks, size, out, n_threads,
                [&](int worker, std::size_t c, double* to) {
                  double *block = memory[worker].data(), *own = block + step * width;
                  const std::size_t end = n * (c + 1) / n_chunks;
                  for (std::size_t i = n * c / n_chunks; i < end; i += step) {
                    const std::size_t m = std::min(step, end - i);
                    write_block_entry(X_, mean_, scale, {rows + i, 0, m, 0}, factor + i,
                                      width, block);
                    if (tiled)
                      add_tiles_entry(width, m, block, to);
                    else
                      blas.add_gram(width, m, block, to);
                    for (std::size_t k = 0; k < n_roots; ++k)
                      std::copy_n(roots + k * n + i, m, own + k * m);
                    if (n_roots > 0)
                      blas.add_cross(width, m, block, n_roots, own, to + width * width);
                  }
                });
    }
  }

  void raw_gram(const std::uint32_t* rows, std::size_t n, const double* h, double* H,
                int n_threads) const override {
    if constexpr (Design::kSparse) {
      const std::size_t d = X_.n_features, n_chunks = chunk_count(X_, n, d * d);
      in_chunks(n_chunks, d * d, H, n_threads, [&](int, std::size_t c, double* to) {
        for (std::size_t i = n * c / n_chunks; i < n * (c + 1) / n_chunks; ++i) {
          if (h[i] == 0.0) continue;
          const std::size_t begin = X_.indptr[rows[i]], end = X_.indptr[rows[i] + 1];
          for (std::size_t p = begin; p < end; ++p) {
            const double factor = h[i] * X_.values[p];
            double* line = to + X_.indices[p] * d;
            for (std::size_t q = begin; q < end; ++q)
              line[X_.indices[q]] += factor * X_.values[q];
          }
        }
      });
    }
  }

 private:
  static constexpr double kInfinite = std::numeric_limits<double>::infinity();
  Design X_;
  const std::uint32_t* rows_;
  std::size_t n_;
  const double* mean_;

  // Blocks of rows that stay in the first-level cache while K outputs pass.
  template <class Work>
  void each_block(std::size_t c, std::size_t n_chunks, const Work& work) const {
    const std::size_t bytes = std::max<std::size_t>(X_.bytes_per_row(), 1);
    const std::size_t step = std::max<std::size_t>(16384 / bytes / 4 * 4, 8);
    const std::size_t end = n_ * (c + 1) / n_chunks;
    const std::size_t last = n_ * bytes > kSecondCache ? end : 0;
    for (std::size_t i = n_ * c / n_chunks; i < end; i += step)
      work(Chunk{rows_, i, std::min(i + step, end), last});
  }

  template <class Add>
  void sum(std::size_t size, double* g, int n_threads, const Add& add) const {
    const std::size_t n_chunks = chunk_count(X_, n_, size);
    in_chunks(n_chunks, size, g, n_threads, [&](int, std::size_t c, double* to) {
      each_block(c, n_chunks, [&](const Chunk& block) { add(block, to); });
    });
  }

  // g = sum of what work(worker, c, to) adds to zeros, in the order of the chunks.
  template <class Work>
  static void in_chunks(std::size_t n_chunks, std::size_t size, double* g,
                        int n_threads, const Work& work) {
    std::vector<double> parts((n_chunks - 1) * size);
    std::fill(g, g + size, 0.0);
    for_chunks(n_chunks, n_threads, [&](int worker, std::size_t c) {
      work(worker, c, c == 0 ? g : parts.data() + (c - 1) * size);
    });
    for (std::size_t c = 1; c < n_chunks; ++c)
      for (std::size_t j = 0; j < size; ++j) g[j] += parts[(c - 1) * size + j];
  }
};

template <class T>
std::unique_ptr<View> dense_view(const void* values, std::size_t n, std::size_t d,
                                 const std::uint32_t* rows, std::size_t n_rows,
                                 const double* mean) {
  return std::make_unique<ViewOf<Dense<T>>>(
      Dense<T>{static_cast<const T*>(values), n, d}, rows, n_rows, mean);
}

template <class T, class I>
std::unique_ptr<View> csr_view(const void* values, const void* indices,
                               const void* indptr, std::size_t n, std::size_t d,
                               const std::uint32_t* rows, std::size_t n_rows,
                               const double* mean) {
  return std::make_unique<ViewOf<Csr<T, I>>>(
      Csr<T, I>{static_cast<const T*>(values), static_cast<const I*>(indices),
                static_cast<const I*>(indptr), n, d},
      rows, n_rows, mean);
}

}  // namespace skgd
