"""Factors of Hessians whose Gram matrices have lost too many digits, by rows."""

import numpy as np
from scipy.linalg import LinAlgError, qr, solve_triangular

_SOLUTIONS = 3  # each but the first of what the one before has left
_RANK = 1e-14  # of the largest pivot: unknowns beyond stay where they are
_MOST_WORK = 1e9  # n_rows n_columns^2: half a second a factor
# Rows that are looked at for columns that differ, and how little is rounding of X.
_SEEN, _SAME = 256, 1e-10
_LOOKS = 8  # passes over these rows
_BLOCK = 1 << 18  # values of rows that are factored at a time


class OrthogonalFactor:
    """A factor of H = B' diag(theta) B + diag(more) by W P = Q R.

    W is theta^(1/2) B over more^(1/2): its condition is the root of that of H. To solve
    R'R x = g alone loses digits as H does; but what is left of g is computed by B, and
    a second solution makes up for it [1].

    Parameters
    ----------
    bridge : Bridge or BridgeOfClasses
        B; one copy of its rows.
    theta : ndarray of shape (n_rows,)
        Not negative.
    more : ndarray of shape (n_unknowns,)
        Not negative.

    Attributes
    ----------
    n_dependent : int
        Unknowns that stay where they are, as others do what they would; not those of
        which H has nothing.

    Raises
    ------
    LinAlgError
        If numbers are not finite.

    Notes
    -----
    It costs 2 n_rows n_unknowns^2, rows being read some at a time, and a solution up to
    six products with B.

    References
    ----------
    .. [1] A. Bjorck, Stability analysis of the method of seminormal equations for
       linear least squares problems, Linear Algebra Appl. 88-89 (1987), 31-48.
    """

    def __init__(self, bridge, theta, more):
        self._bridge, self._theta, self._more = bridge, theta, more
        size = np.sqrt(bridge.squares(theta) + more)
        self._scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0.0)
        if not np.isfinite(size).all():
            raise LinAlgError("the Hessian is not finite")
        triangle = np.diag(np.sqrt(more) * self._scale)
        for rows, positions in bridge.blocks(_BLOCK):
            rows *= np.sqrt(theta[positions])[:, None]
            rows *= self._scale
            stack = np.vstack([triangle, rows])
            triangle = qr(stack, mode="r", overwrite_a=True)[0][: len(triangle)]
        triangle, order = qr(triangle, mode="r", pivoting=True, overwrite_a=True)
        pivots = np.abs(np.diagonal(triangle))
        rank = int((pivots > _RANK * pivots[0]).sum())
        self._triangle, self._kept = triangle[:rank, :rank], order[:rank]
        self.n_dependent = len(order) - rank - int((size == 0.0).sum())

    @staticmethod
    def suits(bridge) -> bool:
        """Tell whether it is quick. Rows of a sparse X are made dense, a block each."""
        p = bridge.n_unknowns
        return bridge.copies * bridge.view.n_rows * p * p <= _MOST_WORK

    def solve(self, g):
        """Give H^-1 g for g of shape (n_unknowns,); a number more is left aside."""
        p = len(self._scale)
        if len(g) > p:
            return np.append(self.solve(g[:p]), np.zeros(len(g) - p))
        y = self._forward(g)
        x = more = self._backward(y)
        for _ in range(_SOLUTIONS):
            image = self._theta * self._bridge.matvec(more)
            left = g - self._bridge.rmatvec(image)[0] - self._more * more
            last, y = y, self._forward(left)
            # in the norm of H^-1: that of g itself is blind to directions that matter
            if not np.linalg.norm(y) < np.linalg.norm(last):
                break
            x, more = more, more + self._backward(y)
        return x

    def _forward(self, g):
        y = (self._scale * g)[self._kept]
        return solve_triangular(self._triangle, y, trans="T", check_finite=False)

    def _backward(self, y):
        x = np.zeros_like(self._scale)
        x[self._kept] = solve_triangular(self._triangle, y, check_finite=False)
        return self._scale * x


def lacks_digits(factor, bridge, theta, least) -> bool:
    """Tell whether a Gram matrix has lost digits that its rows have.

    Of those that are left it is not, where there are too many rows to be quick.

    Parameters
    ----------
    factor : Factor
        Of B' diag(theta) B, or of that beside a ridge.
    bridge, theta : Bridge or BridgeOfClasses, ndarray of shape (n_rows,)
        What it is made of.
    least : float
        The least pivot with which it has enough.
    """
    if factor.least_pivot < least and OrthogonalFactor.suits(bridge):
        return True
    return nearly_depends(factor, bridge, theta)


def nearly_depends(factor, bridge, h) -> bool:
    """Tell whether columns that a Gram matrix takes for dependent differ after all.

    Parameters
    ----------
    factor : Factor
        Of B' diag(h) B, or of that beside a ridge; a number more is left aside.
    bridge : Bridge
        B; of the rows that weigh most it is looked what it makes of such combinations.
    h : ndarray of shape (n_rows,)
        Not negative.
    """
    if factor.n_dependent == 0:
        return False
    nothing, p = factor.dependent(), bridge.n_unknowns
    seen = len(h) if bridge.view.sparse else _SEEN  # columns may differ in few of them
    rows, weight = bridge.heaviest(h, seen)
    if len(nothing) > _LOOKS:  # what one of them is not, sums of them are not either
        rng = np.random.default_rng(0)
        nothing = rng.normal(size=(_LOOKS, len(nothing))) @ nothing
    least = _SAME**2 * weight.sum() / (h.sum() or 1.0)
    return any(rows.matvec(u[:p]) ** 2 @ weight > least for u in nothing)
