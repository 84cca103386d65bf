"""Optima of problems with several outputs, by solvers that share nothing with skgd.

Smooth losses go to L-BFGS-B on the NumPy losses of auto_reference, with l1 by splitting
coefficients into their positive and negative parts; kinked ones to the interior point
of benchmarks/optimum.py, an output at a time.
"""

from dataclasses import dataclass, replace

import numpy as np
import objective
from optimum import optimum
from scipy.optimize import minimize

import auto_reference


@dataclass
class Output:
    """One objective: a loss in the core's words, over rows with weights.

    y holds targets, or the codes of `n_classes` classes for "softmax".
    """

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    loss: str
    parameter: float
    ridge: float
    l1: float
    fit_intercept: bool
    n_classes: int = 1

    def value(self, coef, intercept):
        """Give F at a model (K, d), (K,)."""
        z = coef @ self.X.T + intercept[:, None]
        if self.loss in objective.KINKED:
            plain = replace(self, fit_intercept=True).posed()
            loss = self.weight @ objective.losses(plain, z[0])
        else:
            loss = self.smooth().evaluate(z)
        return loss + self.ridge / 2 * (coef**2).sum() + self.l1 * np.abs(coef).sum()

    def smooth(self):
        """Give the loss of raw predictions."""
        return auto_reference.SampleLoss(
            self.loss, self.parameter, self.y, self.weight, self.n_classes
        )

    def posed(self):
        """Give the problem of a kinked loss as the benchmarks pose it.

        Its weights add up to one: the penalty takes their sum. Without an intercept
        each row comes with its mirror image, so that the best intercept is zero.
        """
        X, y, weight = self.X, self.y, self.weight
        if not self.fit_intercept:
            X, y = np.vstack([X, -X]), np.concatenate([y, -y])
            weight = np.concatenate([weight, weight])
        share = weight.sum() * (1 if self.fit_intercept else 0.5)
        if self.loss == "hinge":
            y = ((y + 1) / 2).astype(int)
        alpha, l1 = self.ridge + self.l1, self.l1
        return objective.Problem(
            X,
            y,
            self.loss,
            "elasticnet",
            alpha / share if alpha else 0.0,
            l1 / alpha if alpha else 0.0,
            epsilon=self.parameter,
            quantile=self.parameter,
            sample_weight=weight,
        )

    def minimum(self):
        """Give F*, and how far it may be off in units of F_null - F*."""
        if self.loss not in objective.KINKED:
            return _smooth_minimum(self), 0.0
        best = optimum(self.posed(), keep=False)
        return self.weight.sum() * best.value, best.certificate

    def null(self):
        """Give F of the best model without coefficients."""
        bare = replace(self, X=self.X[:, :0])
        zero = np.zeros((self.n_classes, 0))
        if not self.fit_intercept:
            return bare.value(zero, np.zeros(self.n_classes))
        if self.loss in objective.KINKED:
            return self.weight.sum() * objective.null_objective(self.posed())
        return _smooth_minimum(bare)


def _smooth_minimum(output):
    """Give the least F that L-BFGS-B finds from the zero model, twice restarted."""
    X, K = output.X, output.n_classes
    n, d = X.shape
    mean = X.mean(axis=0) * output.fit_intercept
    scale = np.sqrt(((X - mean) ** 2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    rows, loss = (X - mean) / scale, output.smooth()
    ridge, l1 = output.ridge / scale**2, np.tile(output.l1 / scale, (K, 1))
    split = output.l1 > 0

    def slope(u):
        u = u.reshape(-1, K, d + 1)
        v = u[0] - u[1] if split else u[0]
        z = v[:, :d] @ rows.T + v[:, d:] * output.fit_intercept
        derivative, _ = np.empty((2, K, n))
        with np.errstate(over="ignore", invalid="ignore"):
            value = loss.evaluate(z, derivative, np.empty((K, n)))
        value += (ridge * v[:, :d] ** 2).sum() / 2
        g = np.column_stack([derivative @ rows + ridge * v[:, :d], derivative.sum(1)])
        g[:, d] *= output.fit_intercept
        if not split:
            return value, g.ravel()
        value += (l1 * u[:, :, :d]).sum()
        both = np.stack([g, -g])
        both[:, :, :d] += l1
        return value, both.ravel()

    u = np.zeros((2 if split else 1) * K * (d + 1))
    bounds = [(0.0, None)] * len(u) if split else None
    for _ in range(3):
        options = {"maxiter": 5000, "maxfun": 10_000, "ftol": 1e-15, "gtol": 1e-12}
        options["maxcor"] = 30
        found = minimize(
            slope, u, jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        u = found.x
    return float(found.fun)
