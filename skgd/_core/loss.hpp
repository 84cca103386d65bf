// Losses: functions of a target y and a raw prediction z, for one sample.
//
// A loss is three formulas (value, derivative and second derivative in z), what else
// holds of it, and a line in SKGD_LOSSES. No loss is negative: a descent takes F for a
// bound of F - F*. The second derivative of a loss with kinks is that of its pieces.
// Everything here is double, whatever the type of X. Formulas are free of branches and
// of library calls, so that a block of samples is a vector loop; which loss it is, is
// asked once a block.
#pragma once

#include <cmath>

#include "elementary.hpp"
#include "platform.hpp"

namespace skgd {

// What holds of a loss, in the words that engine.LOSSES has.
struct Traits {
  const char* targets;    // "real", "signs" (-1, +1), "codes", ">= 0", "> 0"
  const char* shape;      // l'': "constant", "continuous", "jumps"; or l' is "kinked"
  double curvature;       // the least upper bound of l''; infinite at kinks, too
  const char* parameter;  // of the estimator: the number in the formulas; "" for none
  const char* link;       // the prediction is z ("identity") or exp(z) ("log")
};

// Regression. `parameter` is epsilon, in units of y, unless said otherwise.

struct SquaredError {
  static constexpr Traits traits{"real", "constant", 1.0, "", "identity"};
  double parameter;
  SKGD_INLINE double value(double y, double z) const { return 0.5 * (z - y) * (z - y); }
  SKGD_INLINE double derivative(double y, double z) const { return z - y; }
  SKGD_INLINE double second_derivative(double, double) const { return 1.0; }
};

struct Huber {
  static constexpr Traits traits{"real", "jumps", 1.0, "epsilon", "identity"};
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
  static constexpr Traits traits{"real", "kinked", kInfinity, "epsilon", "identity"};
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
  static constexpr Traits traits{"real", "kinked", kInfinity, "", "identity"};
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
  static constexpr Traits traits{"real", "kinked", kInfinity, "quantile", "identity"};
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
  static constexpr Traits traits{"real", "jumps", 2.0, "epsilon", "identity"};
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

// Regression with a log link: the prediction is mu = exp(z). Half the unit deviance of
// y and mu, whose minimum over z is zero. With r = z - log(y) and f(x) = e^x - 1 - x,
// which is a series where the differences would cancel, y > 0 costs the first form
// below, y = 0 what the second form becomes.

// y f(r) = mu - y - y r
struct Poisson {
  static constexpr Traits traits{">= 0", "continuous", kInfinity, "", "log"};
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double r = z - log_positive(y);
    return std::fabs(r) <= 0.5 ? y * exp_less_tangent(r) : exp_signed(z) - (y + y * r);
  }
  SKGD_INLINE double derivative(double y, double z) const { return exp_signed(z) - y; }
  SKGD_INLINE double second_derivative(double, double z) const { return exp_signed(z); }
};

// f(-r) = y / mu - 1 + r
struct Gamma {
  static constexpr Traits traits{"> 0", "continuous", kInfinity, "", "log"};
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double q = log_positive(y) - z;
    return std::fabs(q) <= 0.5 ? exp_less_tangent(q) : exp_signed(q) - (1.0 + q);
  }
  SKGD_INLINE double derivative(double y, double z) const {
    return 1.0 - exp_signed(log_positive(y) - z);
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    return exp_signed(log_positive(y) - z);
  }
};

// `parameter` is the power p in (1, 2); a = 2 - p, b = p - 1:
// y^a (f(a r) / a + f(-b r) / b) = mu^a / a + y mu^-b / b - y^a / (a b)
struct Tweedie {
  static constexpr Traits traits{">= 0", "continuous", kInfinity, "power", "log"};
  double parameter;
  SKGD_INLINE double value(double y, double z) const {
    const double a = 2.0 - parameter, b = parameter - 1.0, log_y = log_positive(y);
    const double ar = a * (z - log_y), br = b * (z - log_y);
    const double least = y > 0.0 ? exp_signed(a * log_y) : 0.0;
    const double up = exp_signed(a * z) - (least + least * ar);
    const double down = falling(y, z) - (least - least * br);
    // of y = 0 there is no tangent, and log_y is any number
    const bool near = (y > 0.0) & (std::fabs(ar) <= 0.5);
    return (near ? least * exp_less_tangent(ar) : up) / a +
           (std::fabs(br) <= 0.5 ? least * exp_less_tangent(-br) : down) / b;
  }
  SKGD_INLINE double derivative(double y, double z) const {
    return exp_signed((2.0 - parameter) * z) - falling(y, z);
  }
  SKGD_INLINE double second_derivative(double y, double z) const {
    const double a = 2.0 - parameter, b = parameter - 1.0;
    return a * exp_signed(a * z) + b * falling(y, z);
  }

 private:
  SKGD_INLINE double falling(double y, double z) const {  // y mu^-b
    return y > 0.0 ? y * exp_signed((1.0 - parameter) * z) : 0.0;
  }
};

// Classification, y in {-1, +1}.

struct LogLoss {
  static constexpr Traits traits{"signs", "continuous", 0.25, "", "identity"};
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
  static constexpr Traits traits{"signs", "kinked", kInfinity, "", "identity"};
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
  static constexpr Traits traits{"signs", "kinked", kInfinity, "", "identity"};
  double parameter;
  SKGD_INLINE double value(double y, double z) const { return positive_part(-y * z); }
  SKGD_INLINE double derivative(double y, double z) const {
    return y * z <= 0.0 ? -y : 0.0;  // at the kink too, or the zero model never leaves
  }
  SKGD_INLINE double second_derivative(double, double) const { return 0.0; }
};

struct SquaredHinge {
  static constexpr Traits traits{"signs", "jumps", 2.0, "", "identity"};
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
  static constexpr Traits traits{"signs", "jumps", 2.0, "", "identity"};
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

// The registry: name, type.
#define SKGD_LOSSES(LOSS)                                      \
  LOSS(squared_error, SquaredError)                            \
  LOSS(huber, Huber)                                           \
  LOSS(epsilon_insensitive, EpsilonInsensitive)                \
  LOSS(squared_epsilon_insensitive, SquaredEpsilonInsensitive) \
  LOSS(absolute_error, AbsoluteError)                          \
  LOSS(quantile, Quantile)                                     \
  LOSS(poisson, Poisson)                                       \
  LOSS(gamma, Gamma)                                           \
  LOSS(tweedie, Tweedie)                                       \
  LOSS(log_loss, LogLoss)                                      \
  LOSS(hinge, Hinge)                                           \
  LOSS(perceptron, Perceptron)                                 \
  LOSS(squared_hinge, SquaredHinge)                            \
  LOSS(modified_huber, ModifiedHuber)

enum class LossName {
#define SKGD_ENUMERATOR(name, Type) name,
  SKGD_LOSSES(SKGD_ENUMERATOR)
#undef SKGD_ENUMERATOR
      softmax,  // couples the outputs of a row, so it has a kernel of its own
  written       // by the user, in Python
};

struct LossInfo {
  const char* name;
  Traits traits;
};

constexpr LossInfo kLosses[] = {
#define SKGD_INFO(name, Type) {#name, Type::traits},
    SKGD_LOSSES(SKGD_INFO)
#undef SKGD_INFO
    // 1/2: of the matrix diag(p) - p p', in the spectral norm
    {"softmax", {"codes", "continuous", 0.5, "", "identity"}},
};
constexpr int kLossCount = sizeof(kLosses) / sizeof(kLosses[0]);

// A loss that is not compiled: gives the sum of s l over m pairs, fills d = s l' and,
// unless h is null, h = s l''. It waits for Python, so it is called a block at a time.
struct Written {
  double (*call)(void* loss, std::size_t m, const double* y, const double* z,
                 const double* s, double* d, double* h);
  void* loss;

  double operator()(std::size_t m, const double* y, const double* z, const double* s,
                    double* d, double* h = nullptr) const {
    return call(loss, m, y, z, s, d, h);
  }
};

struct Loss {
  LossName name;
  double parameter;
  Written written;
};

}  // namespace skgd
