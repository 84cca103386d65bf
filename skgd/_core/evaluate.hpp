// Losses of blocks of pairs of a target and a raw prediction.
#pragma once

#include <cmath>
#include <string_view>

#include "loss.hpp"

namespace skgd {

// Losses that are not made of polynomial pieces are made of exponentials, which cost
// more than to put a few pairs side by side.
template <class L>
constexpr bool kTakesExponentials = std::string_view(L::traits.shape) == "continuous";
constexpr std::size_t kFew = 4;

// Up to as many pairs as a vector holds, in one that is filled up with weights of zero.
template <class L>
SKGD_INLINE double evaluate_few(L loss, std::size_t m, const double* y, const double* z,
                                const double* s, double* d) {
  double targets[kFew] = {1.0, 1.0, 1.0, 1.0}, raw[kFew] = {}, weights[kFew] = {},
         out[kFew], sum = 0.0;
  for (std::size_t i = 0; i < m; ++i)
    targets[i] = y[i], raw[i] = z[i], weights[i] = s[i];
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < kFew; ++i) {
    sum += weights[i] * loss.value(targets[i], raw[i]);
    out[i] = weights[i] * loss.derivative(targets[i], raw[i]);
  }
  for (std::size_t i = 0; i < m; ++i) d[i] = out[i];
  return sum;
}

// d = s * dloss/dz for `m` pairs (y, z) of weight s; gives the weighted sum of values.
template <class L>
SKGD_INLINE double evaluate(L loss, std::size_t m, const double* y, const double* z,
                            const double* s, double* d) {
  if (m == 1) {  // a vector loop takes longer to find out than the step to take
    *d = *s * loss.derivative(*y, *z);
    return *s * loss.value(*y, *z);
  }
  if constexpr (kTakesExponentials<L>)
    if (m <= kFew) return evaluate_few(loss, m, y, z, s, d);
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < m; ++i) {
    sum += s[i] * loss.value(y[i], z[i]);
    d[i] = s[i] * loss.derivative(y[i], z[i]);
  }
  return sum;
}

// The same for rows of softmax logits: z and d are (K, R), code[r] the class of a row.
// loss = log(sum_k exp(z_k)) - z_code,  dloss/dz_k = p_k - [k = code]
SKGD_INLINE double evaluate_softmax(std::size_t R, std::size_t K,
                                    const std::int32_t* code, const double* z,
                                    const double* s, double* d) {
  double sum = 0.0;
  for (std::size_t r = 0; r < R; ++r) {
    double top = z[r];
    for (std::size_t k = 1; k < K; ++k) top = z[k * R + r] > top ? z[k * R + r] : top;
    double total = 0.0;
#pragma omp simd reduction(+ : total)
    for (std::size_t k = 0; k < K; ++k) {
      d[k * R + r] = exp_negative(top - z[k * R + r]);
      total += d[k * R + r];
    }
    const std::size_t own = code[r] * R + r;
    sum += s[r] * (std::log(total) + (top - z[own]));
    const double share = s[r] / total;
    for (std::size_t k = 0; k < K; ++k) d[k * R + r] *= share;
    d[own] -= s[r];
  }
  return sum;
}

// One (R, K) block: y, z, d are (K, R); s holds R weights, repeated K times.
SKGD_INLINE double evaluate(Loss loss, std::size_t R, std::size_t K, const double* y,
                            const std::int32_t* code, const double* z, const double* s,
                            double* d) {
  switch (loss.name) {
#define SKGD_CASE(name_, Type) \
  case LossName::name_:        \
    return evaluate(Type{loss.parameter}, R * K, y, z, s, d);
    SKGD_LOSSES(SKGD_CASE)
#undef SKGD_CASE
    case LossName::written:
      return loss.written(R * K, y, z, s, d);
    case LossName::softmax:
      break;
  }
  return evaluate_softmax(R, K, code, z, s, d);
}

}  // namespace skgd
