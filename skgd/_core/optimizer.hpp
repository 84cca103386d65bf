// Optimizers: how a gradient becomes a step, one coefficient at a time.
//
// The rule is apart from its state: `first` and `second` are two numbers a
// coefficient. A rule gives the step and the *effective* step: what a constant
// gradient g would be multiplied by in the limit. The proximal map of the penalty must
// take the latter, or momentum 0.9 would minimise an objective with a tenth of the l1
// penalty. (Each rule's fixed point: w = prox(w - effective * g, effective * l1).)
#pragma once

#include <cmath>

#include "platform.hpp"

namespace skgd {

enum class OptimizerName { sgd, momentum, nesterov, adagrad, rmsprop, adam };

struct Optimizer {
  OptimizerName name;
  double decay1;   // momentum; beta_1
  double decay2;   // rho; beta_2
  double epsilon;  // added to the root of the second moment
  double before;   // steps that another rule took
};

struct Step {
  double step, effective;
};

struct Sgd {
  SKGD_INLINE Step operator()(double g, double eta, double&, double&) const {
    return {eta * g, eta};
  }
};

struct Momentum {  // v <- rho v + g;  w <- w - eta v
  double rho;
  SKGD_INLINE Step operator()(double g, double eta, double& v, double&) const {
    v = rho * v + g;
    return {eta * v, eta / (1.0 - rho)};
  }
};

struct Nesterov {  // v <- rho v + g;  w <- w - eta (g + rho v)
  double rho;
  SKGD_INLINE Step operator()(double g, double eta, double& v, double&) const {
    v = rho * v + g;
    return {eta * (g + rho * v), eta / (1.0 - rho)};
  }
};

// eta / root; without a step where there has been no gradient, and epsilon is zero.
SKGD_INLINE double divided(double eta, double root) {
  return root > 0.0 ? eta / root : 0.0;
}

struct AdaGrad {  // s <- s + g^2;  w <- w - eta g / (sqrt(s) + epsilon)
  double epsilon;
  SKGD_INLINE Step operator()(double g, double eta, double&, double& s) const {
    s += g * g;
    const double effective = divided(eta, std::sqrt(s) + epsilon);
    return {effective * g, effective};
  }
};

struct RmsProp {  // s <- rho s + (1 - rho) g^2;  w <- w - eta g / (sqrt(s) + epsilon)
  double rho, epsilon;
  SKGD_INLINE Step operator()(double g, double eta, double&, double& s) const {
    s = rho * s + (1.0 - rho) * g * g;
    const double effective = divided(eta, std::sqrt(s) + epsilon);
    return {effective * g, effective};
  }
};

struct Adam {  // m, s as above, divided by 1 - beta^t;  w <- w - eta m / (sqrt(s) +
               // eps)
  double beta1, beta2, epsilon;
  double correction1, correction2;  // 1 - beta^t
  SKGD_INLINE Step operator()(double g, double eta, double& m, double& s) const {
    m = beta1 * m + (1.0 - beta1) * g;
    s = beta2 * s + (1.0 - beta2) * g * g;
    const double effective = divided(eta, std::sqrt(s / correction2) + epsilon);
    return {effective * (m / correction1), effective};
  }
};

// Calls `visit(rule)` with the rule for step number t = 1, 2, ...
template <class Visit>
SKGD_INLINE void with_rule(const Optimizer& o, double t, Visit visit) {
  switch (o.name) {
    case OptimizerName::sgd:
      return visit(Sgd{});
    case OptimizerName::momentum:
      return visit(Momentum{o.decay1});
    case OptimizerName::nesterov:
      return visit(Nesterov{o.decay1});
    case OptimizerName::adagrad:
      return visit(AdaGrad{o.epsilon});
    case OptimizerName::rmsprop:
      return visit(RmsProp{o.decay2, o.epsilon});
    case OptimizerName::adam:
      t -= o.before;
      return visit(Adam{o.decay1, o.decay2, o.epsilon, 1.0 - std::pow(o.decay1, t),
                        1.0 - std::pow(o.decay2, t)});
  }
}

}  // namespace skgd
