// The samples beside X, and the order in which rows come up.
#pragma once

#include "design.hpp"

namespace skgd {

// The class of each row: a byte where that will do, or next to ten short features the
// codes would be 5 % of X. One of both is null.
struct Codes {
  const std::uint8_t* narrow;
  const std::int32_t* wide;

  SKGD_INLINE std::int32_t operator[](std::size_t i) const {
    return narrow != nullptr ? narrow[i] : wide[i];
  }
  SKGD_INLINE void prefetch(std::size_t i) const {
    if (narrow != nullptr)
      SKGD_PREFETCH(narrow + i);
    else
      SKGD_PREFETCH(wide + i);
  }
};

struct Samples {
  const double* y;  // (n, K) targets; null for classes
  Codes code;
  const double* weight;    // s, mean one over the training rows; null: all one
  const double* positive;  // weight of class k in its own one-vs-rest problem, or null
  std::size_t n_outputs;   // K

  // Targets and weights (K, R) of R rows: +-1 for classes (a single output speaks for
  // class 1). What there is of them is asked once, not for each row, and no class
  // decides on a branch: none can be predicted (measured: up to a third of an epoch).
  SKGD_INLINE void read(const std::uint32_t* rows, std::size_t R, std::size_t K,
                        double* target, double* s) const {
    if (y != nullptr)
      each(R, K, [&](std::size_t r, std::size_t k, std::size_t i) SKGD_INLINE_LAMBDA {
        target[i] = y[rows[r] * K + k];
      });
    else if (code.narrow != nullptr)
      read_codes(code.narrow, rows, R, K, target);
    else
      read_codes(code.wide, rows, R, K, target);
    each(R, K, [&](std::size_t r, std::size_t, std::size_t i) SKGD_INLINE_LAMBDA {
      s[i] = weight == nullptr ? 1.0 : weight[rows[r]];
    });
    if (positive != nullptr)
      each(R, K, [&](std::size_t, std::size_t k, std::size_t i) SKGD_INLINE_LAMBDA {
        const double own = 0.5 + 0.5 * target[i];  // 0 or 1; a choice would be a branch
        s[i] *= own * positive[k] + (1.0 - own);
      });
  }

  SKGD_INLINE void prefetch(const std::uint32_t* rows, std::size_t left) const {
    constexpr std::size_t kDistance = 16;  // a target is a cache miss of its own
    if (left <= kDistance) return;
    if (y != nullptr)
      SKGD_PREFETCH(y + rows[kDistance] * n_outputs);
    else
      code.prefetch(rows[kDistance]);
    if (weight != nullptr) SKGD_PREFETCH(weight + rows[kDistance]);
  }

 private:
  template <class Work>
  SKGD_INLINE static void each(std::size_t R, std::size_t K, const Work& work) {
    if (R == 1) {  // a loop of one turn takes longer to enter than to run
      for (std::size_t k = 0; k < K; ++k) work(0, k, k);
      return;
    }
    for (std::size_t k = 0; k < K; ++k)
      for (std::size_t r = 0; r < R; ++r) work(r, k, k * R + r);
  }

  template <class Code>
  SKGD_INLINE static void read_codes(const Code* code, const std::uint32_t* rows,
                                     std::size_t R, std::size_t K, double* target) {
    const std::int32_t first = K == 1 ? 1 : 0;
    each(R, K, [&](std::size_t r, std::size_t k, std::size_t i) SKGD_INLINE_LAMBDA {
      const bool own = code[rows[r]] == static_cast<std::int32_t>(k) + first;
      target[i] = 2 * own - 1;  // of `own ? 1.0 : -1.0` gcc makes a branch
    });
  }
};

struct Rows {
  const std::uint32_t* index;
  std::size_t size;
  std::size_t following = 0;  // more rows behind `size`, which come up next
};

// Asks for the rows to come while others are worked on. Memory answers late and takes
// few requests at a time: a burst of them stalls what it should have sped up. So they
// are spread evenly. A block of rows is swept twice, for z and for its share of g or v,
// and each sweep asks for half as many rows as it goes over (a single sweep for as
// many): short and sparse rows at once, long ones line by line. (Measured against a
// burst a step: 64 rows of 100 values 25 % less, 64 sparse rows of 50 entries 25 %,
// single rows of 784 floats 50 %.)
template <class Design>
class Lookahead {
 public:
  Lookahead(const Design& X, const Samples& samples, Rows rows, std::size_t block,
            std::size_t sweeps = 2)
      : X_(X),
        samples_(samples),
        rows_(rows.index),
        size_(rows.size + rows.following),
        next_(block / 2),  // enough for the first sweep not to catch up
        half_rows_(2 * next_),
        pace_(2 / sweeps),
        by_line_(X.asks_by_line(block)),
        lead_(X.lead(1)),
        lead_of_four_(X.lead(4)) {}

  // A sweep is about to go over R rows; gives what it is to call on the way.
  template <int R>
  SKGD_INLINE auto go_over() {
    const auto lines = X_.template lines_ahead<R>(
        rows_, by_line_ ? size_ : 0, half_rows_ / 2 + (R == 1 ? lead_ : lead_of_four_),
        half_rows_ % 2);
    half_rows_ += pace_ * R;
    // (of a single row between its sweeps: sparse rows gain 3 %)
    for (; next_ < size_ && 2 * next_ + 1 < half_rows_; ++next_) {
      if (!by_line_) X_.prefetch(rows_ + next_, size_ - next_);
      samples_.prefetch(rows_ + next_, size_ - next_);
    }
    return lines;
  }

 private:
  const Design& X_;
  const Samples& samples_;
  const std::uint32_t* rows_;
  std::size_t size_, next_, half_rows_, pace_;
  bool by_line_;
  std::size_t lead_, lead_of_four_;
};

}  // namespace skgd
