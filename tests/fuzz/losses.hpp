// A loss for the fuzzers: one of the registry, softmax, or one that a user wrote.
#pragma once

#include "loss.hpp"
#include "reader.hpp"

namespace fuzz {

// (z - y)^2 / 2, and NaN for some of what is not finite, as after an error in Python.
inline double written(void*, std::size_t m, const double* y, const double* z,
                      const double* s, double* d, double* h) {
  double sum = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    const double r = z[i] - y[i];
    sum += 0.5 * s[i] * r * r;
    d[i] = std::fabs(r) > 1e100 ? std::numeric_limits<double>::quiet_NaN() : s[i] * r;
    if (h != nullptr) h[i] = s[i];
  }
  return sum;
}

inline skgd::Loss make_loss(Reader& in, bool softmax) {
  constexpr std::size_t kNamed = skgd::kLossCount - 1;  // the last one is softmax
  const double parameter = 0.05 + in.below(10) / 11.0;
  const std::size_t name = in.below(kNamed + 1);
  if (softmax) return {skgd::LossName::softmax, 0.0, {written, nullptr}};
  if (name == kNamed) return {skgd::LossName::written, 0.0, {written, nullptr}};
  skgd::Loss loss{static_cast<skgd::LossName>(name), parameter, {written, nullptr}};
  if (loss.name == skgd::LossName::tweedie) loss.parameter += 1.0;
  return loss;
}

}  // namespace fuzz
