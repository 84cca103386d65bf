"""Newton steps of softmax by conjugate gradients, and what they are worth."""

from dataclasses import dataclass

import numpy as np

_LEAST, _MOST = 4, 12  # products with the Hessian; epochs are the better use of more
_SETTLED = 0.2  # share of the decrease that may be still to come


@dataclass
class NewtonStep:
    """An approximate minimum of the quadratic model.

    Attributes
    ----------
    step : ndarray of shape (K, n_features + 1)
        Coefficients and intercept.
    image : ndarray of shape (K, n_rows)
        What it does to the raw predictions.
    passes : int
        Over X.
    decrease : float
        Of the model: the largest number known to be no more than g' H^-1 g / 2.
    rest : float
        What the products that were not made would add, if they went on as before.
    ended : bool
        Whether they would be of rounding.
    """

    step: np.ndarray
    image: np.ndarray
    passes: int = 0
    decrease: float = 0.0
    rest: float = np.inf
    ended: bool = False

    @property
    def settled(self) -> bool:
        """Whether the rest is small."""
        known = self.passes >= _LEAST or self.ended
        return known and self.rest <= _SETTLED * self.decrease


class SoftmaxHessian:
    """H at a model, as it multiplies.

    Parameters
    ----------
    task : Task
        Of softmax.
    d : ndarray of shape (K, n_rows)
        s l'(z) there.
    """

    def __init__(self, task, d):
        self._task = task
        self._share = d.copy()  # s p
        loss = task.loss
        self._share[loss.y, np.arange(len(loss.y))] += loss.weight
        weight = loss.weight
        self._inverse = np.divide(1.0, weight, out=0.0 * weight, where=weight > 0.0)

    def image(self, step):
        """Give what a step does to the raw predictions."""
        return self._task.view.matvec(step[:, :-1].copy()) + step[:, -1:]

    def product(self, step, image):
        """Give H times a step of that image."""
        bent = self._share * image
        bent -= self._share * (bent.sum(axis=0) * self._inverse)
        g = self._task.view.rmatvec(bent) + self._task.ridge * step[:, :-1]
        return np.column_stack([g, bent.sum(axis=1) * self._task.fit_intercept])


def newton_step(hessian, g, inverse, enough) -> NewtonStep:
    """Minimise g' x + x' H x / 2 by conjugate gradients, from x = 0.

    Each product with H is a pass over X. They end when what is left is small beside
    the decrease, or when this is more than `enough`: then F - F* is, too.

    Parameters
    ----------
    hessian : SoftmaxHessian
    g : ndarray of shape (K, n_features + 1)
        The gradient.
    inverse : callable
        Gives an approximate inverse of H times such arrays.
    enough : float
        The decrease that is of interest.

    References
    ----------
    Z. Strakos, P. Tichy, On error estimation in the conjugate gradient method and why
    it works in finite precision computations, ETNA 13 (2002), equation 3.6.
    """
    found = NewtonStep(np.zeros_like(g), np.zeros(hessian._share.shape))
    residual, towards = -g, inverse(-g)
    square, longest = float((residual * towards).sum()), 0.0
    parts: list[float] = []
    for _ in range(_MOST):
        image = hessian.image(towards)
        product = hessian.product(towards, image)
        bend = float((towards * product).sum())
        if not (square > 0.0 and bend > 0.0):
            found.ended = bool(np.isfinite(bend))
            if parts or square == 0.0:
                found.rest = 0.5 * longest * max(square, 0.0)
            break
        size = square / bend
        found.step += size * towards
        found.image += size * image
        parts.append(0.5 * size * square)
        found.decrease += parts[-1]
        found.passes += 1
        residual -= size * product
        upright = inverse(residual)
        before, square = square, float((residual * upright).sum())
        towards = upright + square / before * towards
        # A step of such a length says how much more than the metric's is to be gained.
        longest = max(longest, size)
        found.rest = max(left_over(parts), 0.5 * longest * square)
        if found.decrease > enough or found.settled:
            break
    return found


def left_over(parts) -> float:
    """Give what parts to come add up to that fall as the second half of them did."""
    half = len(parts) // 2
    last = sum(parts[len(parts) - half :])
    before = sum(parts[len(parts) - 2 * half : len(parts) - half])
    return last * last / (before - last) if before > last > 0.0 else np.inf
