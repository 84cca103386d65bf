// The samples beside X, and the order in which rows come up.
#pragma once

#include "platform.hpp"

namespace skgd {

struct Samples {
  const double* y;           // (n, K) targets; null for coded classes
  const std::int32_t* code;  // class of each row; null for regression
  const double* weight;      // s, mean one over the training rows; null: all one
  const double* positive;  // weight of class k in its own one-vs-rest problem, or null
  std::size_t n_outputs;   // K

  // Target of output k: +-1 for classes (a single output speaks for class 1).
  SKGD_INLINE double target(std::size_t i, std::size_t k) const {
    if (code == nullptr) return y[i * n_outputs + k];
    const std::size_t positive = n_outputs == 1 ? 1 : k;
    return static_cast<std::size_t>(code[i]) == positive ? 1.0 : -1.0;
  }

  SKGD_INLINE double weight_of(std::size_t i, std::size_t k, double target) const {
    const double s = weight == nullptr ? 1.0 : weight[i];
    return positive != nullptr && target > 0.0 ? s * positive[k] : s;
  }

  SKGD_INLINE void prefetch(const std::uint32_t* rows, std::size_t ahead) const {
    constexpr std::size_t kDistance = 16;  // a target is a cache miss of its own
    if (ahead <= kDistance) return;
    if (code != nullptr)
      SKGD_PREFETCH(code + rows[kDistance]);
    else
      SKGD_PREFETCH(y + rows[kDistance] * n_outputs);
    if (weight != nullptr) SKGD_PREFETCH(weight + rows[kDistance]);
  }
};

struct Rows {
  const std::uint32_t* index;
  std::size_t size;
};

}  // namespace skgd
