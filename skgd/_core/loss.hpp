// Losses: functions of a target y and a raw prediction z, for one sample.
//
// A loss is four formulas (value, derivative and second derivative in z, curvature: the
// least upper bound of the latter) and a line in SKGD_LOSSES. The second derivative of
// a loss with kinks is that of its pieces. Everything here is double,
// whatever the type of X. Formulas are free of branches and of library calls, so that
// a block of samples is a vector loop; which loss it is, is asked once a block.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>

#include "platform.hpp"

namespace skgd {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// exp(-a) for a >= 0: Cody-Waite reduction to |r| <= ln(2) / 2, Taylor's series to
// r^13 / 13!, whose remainder is 4e-18; within 2 units in the last place of libm.
SKGD_INLINE double exp_negative(double a) {
  constexpr double kLog2e = 1.4426950408889634, kLn2High = 6.93147180369123816490e-01,
                   kLn2Low = 1.90821492927058770002e-10, kRound = 6755399441055744.0;
  a = a > 708.0 ? 708.0 : a;  // NaN stays NaN
  const double shifted = kRound - a * kLog2e;
  const double n = shifted - kRound;
  const double r = (-a - n * kLn2High) - n * kLn2Low;
  const double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
  const double p0 = 1.0 + r, p1 = 1.0 / 2 + r * (1.0 / 6),
               p2 = 1.0 / 24 + r * (1.0 / 120), p3 = 1.0 / 720 + r * (1.0 / 5040),
               p4 = 1.0 / 40320 + r * (1.0 / 362880),
               p5 = 1.0 / 3628800 + r * (1.0 / 39916800),
               p6 = 1.0 / 479001600 + r * (1.0 / 6227020800);
  const double p =
      (p0 + r2 * p1) + r4 * (p2 + r2 * p3) + r8 * ((p4 + r2 * p5) + r4 * p6);
  std::int64_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = static_cast<std::int64_t>((static_cast<std::uint64_t>(bits) + 1023) << 52);
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

// 1 for x > 0, else 0 (either for x = 0), without a branch to mispredict.
SKGD_INLINE double one_if_positive(double x) { return 0.5 + std::copysign(0.5, x); }

// log(1 + e) for 0 <= e <= 1, by 2 artanh(f / (2 + f)) after halving where 1 + e
// exceeds the root of two; the series in s^2 <= 0.0295 ends at s^21 / 21: 1e-17.
SKGD_INLINE double log1p_unit(double e) {
  constexpr double kLn2 = 0.69314718055994530942, kRootTwoLessOne = 0.41421356237309505;
  const double halve = one_if_positive(e - kRootTwoLessOne);
  const double f = (1.0 - halve) * e + halve * (0.5 * (e - 1.0));
  const double s = f / (2.0 + f), q = s * s, q2 = q * q, q4 = q2 * q2;
  const double p =
      ((1.0 + q * (1.0 / 3)) + q2 * (1.0 / 5 + q * (1.0 / 7))) +
      q4 * ((1.0 / 9 + q * (1.0 / 11)) + q2 * (1.0 / 13 + q * (1.0 / 15))) +
      q4 * q4 * ((1.0 / 17 + q * (1.0 / 19)) + q2 * (1.0 / 21));
  return 2.0 * s * p + halve * kLn2;
}

// Regression. `parameter` is epsilon, in units of y, unless said otherwise.

struct SquaredError {
  static constexpr double curvature = 1.0;
  double parameter;
  SKGD_INLINE double value(double y, double z) const { return 0.5 * (z - y) * (z - y); }
  SKGD_INLINE double derivative(double y, double z) const { return z - y; }
  SKGD_INLINE double second_derivative(double, double) const { return 1.0; }
};

struct Huber {
  static constexpr double curvature = 1.0;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double a = std::fabs(z - y);
    return a <= parameter ? 0.5 * a * a : parameter * (a - 0.5 * parameter);
  }
  SKGD_INLINE double derivative(double y, double z) const {
    const double r = z - y;
    return std::fabs(r) <= parameter ? r : std::copysign(parameter, r);
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    return one_if_positive(parameter - std::fabs(z - y));
  }
};

struct EpsilonInsensitive {
  static constexpr double curvature = kInfinity;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    return positive_part(std::fabs(z - y) - parameter);
  }
  SKGD_INLINE double derivative(double y, double z) const {
    const double r = z - y;
    return std::fabs(r) > parameter ? std::copysign(1.0, r) : 0.0;
  }
  SKGD_INLINE double second_derivative(double, double) const { return 0.0; }
};

struct AbsoluteError {
  static constexpr double curvature = kInfinity;
  double parameter;
  SKGD_INLINE double value(double y, double z) const { return std::fabs(z - y); }
  SKGD_INLINE double derivative(double y, double z) const {
    return z == y ? 0.0 : std::copysign(1.0, z - y);
  }
  SKGD_INLINE double second_derivative(double, double) const { return 0.0; }
};

// `parameter` is the quantile tau, in (0, 1): a residual y - z costs tau above zero and
// 1 - tau below.
struct Quantile {
  static constexpr double curvature = kInfinity;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double r = y - z;
    return parameter * r + positive_part(-r);
  }
  SKGD_INLINE double derivative(double y, double z) const {
    return z == y ? 0.0 : one_if_positive(z - y) - parameter;
  }
  SKGD_INLINE double second_derivative(double, double) const { return 0.0; }
};

struct SquaredEpsilonInsensitive {
  static constexpr double curvature = 2.0;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double a = positive_part(std::fabs(z - y) - parameter);
    return a * a;
  }
  SKGD_INLINE double derivative(double y, double z) const {
    const double r = z - y;
    return 2.0 * std::copysign(positive_part(std::fabs(r) - parameter), r);
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    return 2.0 * one_if_positive(std::fabs(z - y) - parameter);
  }
};

// Classification, y in {-1, +1}.

struct LogLoss {
  static constexpr double curvature = 0.25;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double m = y * z;
    return log1p_unit(exp_negative(std::fabs(m))) + positive_part(-m);
  }
  SKGD_INLINE double derivative(double y, double z) const {
    const double m = y * z, e = exp_negative(std::fabs(m));
    const double positive = one_if_positive(m);
    return -y * (positive * e + (1.0 - positive)) / (1.0 + e);
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    const double e = exp_negative(std::fabs(y * z));
    return e / ((1.0 + e) * (1.0 + e));
  }
};

struct Hinge {
  static constexpr double curvature = kInfinity;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    return positive_part(1.0 - y * z);
  }
  SKGD_INLINE double derivative(double y, double z) const {
    return y * z <= 1.0 ? -y : 0.0;  // at the kink as scikit-learn
  }
  SKGD_INLINE double second_derivative(double, double) const { return 0.0; }
};

struct Perceptron {
  static constexpr double curvature = kInfinity;
  double parameter;
  SKGD_INLINE double value(double y, double z) const { return positive_part(-y * z); }
  SKGD_INLINE double derivative(double y, double z) const {
    return y * z <= 0.0 ? -y : 0.0;  // at the kink too, or the zero model never leaves
  }
  SKGD_INLINE double second_derivative(double, double) const { return 0.0; }
};

struct SquaredHinge {
  static constexpr double curvature = 2.0;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double a = positive_part(1.0 - y * z);
    return a * a;
  }
  // Cut at 1e12 as in scikit-learn: on unscaled data the first rates of "optimal"
  // overshoot, and a descent that could recover later would overflow.
  SKGD_INLINE double derivative(double y, double z) const {
    const double a = 2.0 * positive_part(1.0 - y * z);
    return -y * (a < 1e12 ? a : 1e12);
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    return 2.0 * one_if_positive(1.0 - y * z);
  }
};

struct ModifiedHuber {
  static constexpr double curvature = 2.0;
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double m = y * z, a = positive_part(1.0 - m);
    return m >= -1.0 ? a * a : -4.0 * m;
  }
  SKGD_INLINE double derivative(double y, double z) const {
    const double m = y * z;
    return m >= -1.0 ? -2.0 * y * positive_part(1.0 - m) : -4.0 * y;
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    const double m = y * z;
    return 2.0 * one_if_positive(1.0 - m) * one_if_positive(1.0 + m);
  }
};

// The registry: name, type, whether it is for classification only.
#define SKGD_LOSSES(LOSS)                                             \
  LOSS(squared_error, SquaredError, false)                            \
  LOSS(huber, Huber, false)                                           \
  LOSS(epsilon_insensitive, EpsilonInsensitive, false)                \
  LOSS(squared_epsilon_insensitive, SquaredEpsilonInsensitive, false) \
  LOSS(absolute_error, AbsoluteError, false)                          \
  LOSS(quantile, Quantile, false)                                     \
  LOSS(log_loss, LogLoss, true)                                       \
  LOSS(hinge, Hinge, true)                                            \
  LOSS(perceptron, Perceptron, true)                                  \
  LOSS(squared_hinge, SquaredHinge, true)                             \
  LOSS(modified_huber, ModifiedHuber, true)

enum class LossName {
#define SKGD_ENUMERATOR(name, Type, classification) name,
  SKGD_LOSSES(SKGD_ENUMERATOR)
#undef SKGD_ENUMERATOR
      softmax  // couples the outputs of a row, so it has a kernel of its own
};

struct LossInfo {
  const char* name;
  bool classification;
  double curvature;
};

constexpr LossInfo kLosses[] = {
#define SKGD_INFO(name, Type, classification) {#name, classification, Type::curvature},
    SKGD_LOSSES(SKGD_INFO)
#undef SKGD_INFO
        {"softmax", true, 0.5},  // of the matrix diag(p) - p p', in the spectral norm
};
constexpr int kLossCount = sizeof(kLosses) / sizeof(kLosses[0]);

struct Loss {
  LossName name;
  double parameter;
};

// d = s * dloss/dz for `m` pairs (y, z) of weight s; gives the weighted sum of values.
template <class L>
SKGD_INLINE double evaluate(L loss, std::size_t m, const double* y, const double* z,
                            const double* s, double* d) {
  if (m == 1) {  // a vector loop takes longer to find out than the step to take
    *d = *s * loss.derivative(*y, *z);
    return *s * loss.value(*y, *z);
  }
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
#define SKGD_CASE(name_, Type, classification) \
  case LossName::name_:                        \
    return evaluate(Type{loss.parameter}, R * K, y, z, s, d);
    SKGD_LOSSES(SKGD_CASE)
#undef SKGD_CASE
    case LossName::softmax:
      break;
  }
  return evaluate_softmax(R, K, code, z, s, d);
}

}  // namespace skgd
