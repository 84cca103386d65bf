// exp and log without branches and library calls, so that a block of samples is a
// vector loop. All are within a few units in the last place of libm.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "platform.hpp"

namespace skgd {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// 2^bias exp(x) for x in [-708, 710], where n + bias, with n = round(x / ln(2)), is the
// exponent of a normal double: Cody-Waite reduction to |r| <= ln(2) / 2, Taylor's
// series to r^13 / 13!, whose remainder is 4e-18.
template <int bias>
SKGD_INLINE double exp_scaled(double x) {
  constexpr double kLog2e = 1.4426950408889634, kLn2High = 6.93147180369123816490e-01,
                   kLn2Low = 1.90821492927058770002e-10, kRound = 6755399441055744.0;
  const double shifted = kRound + x * kLog2e;
  const double n = shifted - kRound;
  const double r = (x - n * kLn2High) - n * kLn2Low;
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
  bits =
      static_cast<std::int64_t>((static_cast<std::uint64_t>(bits) + 1023 + bias) << 52);
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

// exp(-a) for a >= 0, not below exp(-708)
SKGD_INLINE double exp_negative(double a) {
  return exp_scaled<0>(-(a > 708.0 ? 708.0 : a));  // NaN stays NaN
}

// exp(x), infinite above 709.79 and not below exp(-708)
SKGD_INLINE double exp_signed(double x) {
  x = x > 710.0 ? 710.0 : x;
  return 2.0 * exp_scaled<-1>(x < -708.0 ? -708.0 : x);
}

// exp(x) - 1 - x for |x| <= 1/2, where the difference would cancel: Taylor's series to
// x^15 / 15!, whose remainder is 6e-18 of it.
SKGD_INLINE double exp_less_tangent(double x) {
  const double x2 = x * x, x4 = x2 * x2, x8 = x4 * x4;
  const double p0 = 1.0 / 2 + x * (1.0 / 6), p1 = 1.0 / 24 + x * (1.0 / 120),
               p2 = 1.0 / 720 + x * (1.0 / 5040), p3 = 1.0 / 40320 + x * (1.0 / 362880),
               p4 = 1.0 / 3628800 + x * (1.0 / 39916800),
               p5 = 1.0 / 479001600 + x * (1.0 / 6227020800.0),
               p6 = 1.0 / 87178291200.0 + x * (1.0 / 1307674368000.0);
  return x2 * ((p0 + x2 * p1) + x4 * (p2 + x2 * p3) + x8 * ((p4 + x2 * p5) + x4 * p6));
}

// 1 for x > 0, else 0 (either for x = 0), without a branch to mispredict.
SKGD_INLINE double one_if_positive(double x) { return 0.5 + std::copysign(0.5, x); }

// 2 artanh(s) for s^2 <= 0.0295; the series in s^2 ends at s^21 / 21: 1e-17.
SKGD_INLINE double twice_artanh(double s) {
  const double q = s * s, q2 = q * q, q4 = q2 * q2;
  const double p =
      ((1.0 + q * (1.0 / 3)) + q2 * (1.0 / 5 + q * (1.0 / 7))) +
      q4 * ((1.0 / 9 + q * (1.0 / 11)) + q2 * (1.0 / 13 + q * (1.0 / 15))) +
      q4 * q4 * ((1.0 / 17 + q * (1.0 / 19)) + q2 * (1.0 / 21));
  return 2.0 * s * p;
}

// log(1 + e) for 0 <= e <= 1, by 2 artanh(f / (2 + f)) after halving where 1 + e
// exceeds the root of two.
SKGD_INLINE double log1p_unit(double e) {
  constexpr double kLn2 = 0.69314718055994530942, kRootTwoLessOne = 0.41421356237309505;
  const double halve = one_if_positive(e - kRootTwoLessOne);
  const double f = (1.0 - halve) * e + halve * (0.5 * (e - 1.0));
  return twice_artanh(f / (2.0 + f)) + halve * kLn2;
}

// log(x) for x > 0, and some number below -700 for x = 0: x = m 2^n with m next to one.
SKGD_INLINE double log_positive(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01,
                   kLn2Low = 1.90821492927058770002e-10, kTwo52 = 4503599627370496.0,
                   kRootTwo = 1.4142135623730951, kTwo54 = 18014398509481984.0;
  const bool tiny = x < 2.2250738585072014e-308;  // no normal number
  const double scaled = tiny ? x * kTwo54 : x;
  std::uint64_t bits;
  std::memcpy(&bits, &scaled, sizeof bits);
  const std::uint64_t mantissa = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
  const std::uint64_t exponent = (bits >> 52) | 0x4330000000000000ULL;  // in 2^52 + n
  double m, n;
  std::memcpy(&m, &mantissa, sizeof m);
  std::memcpy(&n, &exponent, sizeof n);
  n -= kTwo52 + (tiny ? 1077.0 : 1023.0);
  const bool halve = m > kRootTwo;
  m = halve ? 0.5 * m : m;
  n = halve ? n + 1.0 : n;
  return n * kLn2High + (twice_artanh((m - 1.0) / (m + 1.0)) + n * kLn2Low);
}

}  // namespace skgd
