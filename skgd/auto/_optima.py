"""The optima of known quadratics, at one penalty after another."""

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._coordinates import from_coordinates, to_coordinates
from skgd.auto._quadratic import LEAST_RAISED, Kinked, Ridge


class Optima:
    """The optimum of all outputs at one penalty after another, without the rows.

    Along a path of small data the arrays of an epoch cost more than what is done with
    them; here an alpha is a factor and two solves, or two descents by coordinates.

    Parameters
    ----------
    tasks : list of Task
        One an output, in the same coordinates, with their `quadratic`.
    losses : list of KnownLoss
        Of a penalty that none of those to come is below.
    tol : float
        Share of F_null - F that each estimate must reach.
    dtype : dtype
        Of the coefficients.
    """

    def __init__(self, tasks, losses, tol, dtype):
        self._tasks, self._losses, self._tol = tasks, losses, tol
        self._dtype = dtype
        self._scale = tasks[0].view.scale
        self._square = self._scale**2
        self._hessian = losses[0].hessian
        self._nonnegative = np.full(len(self._scale), tasks[0].positive, dtype=np.uint8)
        self._b = np.array([loss.best_intercept for loss in losses])
        self._v = np.zeros((len(losses), len(self._scale)))

    def at(self, ridge: float, l1: float):
        """Give (coef, intercept), F and the estimate of F - F*.

        None if an output's estimate is not within `tol`, or what rounding of the
        coefficients to their dtype adds.
        """
        own, kinks = ridge * self._square, None
        quadratic: Kinked | Ridge
        if l1 or self._tasks[0].positive:
            kinks = l1 * self._scale, self._nonnegative
            curved = self._hessian.copy()
            curved.flat[:: len(curved) + 1] += own
            quadratic = Kinked(curved, kinks, self._tol)
        else:
            quadratic = Ridge(Factor(self._hessian, LEAST_RAISED, own))
            self._v = np.zeros_like(self._v)  # whence a step keeps all digits
        objective = estimate = needed = 0.0
        models = []
        for k, task in enumerate(self._tasks):
            v, at_v, left = self._optimum(k, quadratic, own, kinks)
            enough = task.needed(self._tol, at_v)
            if not left <= enough:
                return None
            models.append(v)
            objective, estimate = objective + at_v, estimate + left
            needed += enough
        self._v = np.array(models)
        model = from_coordinates(self._tasks[0], self._v, self._b, self._dtype)
        if self._dtype != np.float64:
            rounded = self._objective(model, own, kinks)
            estimate += max(rounded - objective, 0.0)
            objective = rounded
            if not estimate <= needed:
                return None
        return model, objective, estimate

    def _objective(self, model, own, kinks):
        """Give F at a model in the units of X."""
        coef, intercept = model
        v, b = to_coordinates(self._tasks[0], coef.astype(np.float64), intercept)
        each = zip(self._losses, v, b, strict=True)
        objective = sum(loss.at(*unknowns)[0] for loss, *unknowns in each)
        objective += 0.5 * float(np.vdot(v, own * v))
        if kinks is None:
            return objective
        return objective + float((np.abs(v) @ kinks[0]).sum())

    def _optimum(self, k, quadratic, own, kinks):
        """Give v of an output, F there and the estimate of F - F*."""
        task, start = self._tasks[k], self._v[k]
        g = task.quadratic.slope
        if kinks is not None:
            g = g + self._hessian @ start + own * start
        v = start + quadratic.step(g, start, task.null_objective)[0]
        loss, slope, _ = self._losses[k].at(v, self._b[k])
        bent = own * v
        objective = loss + 0.5 * float(bent @ v)
        if kinks is not None:
            objective += float(kinks[0] @ np.abs(v))
        _, decrease = quadratic.step(slope + bent, v, objective)
        return v, objective, min(decrease, objective)
