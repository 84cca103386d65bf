"""Few rows of many columns: the span of the rows, in which an l2 optimum lies."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf

from skgd._core.engine import Design

_MOST_ROWS = 2000  # as many as a Cholesky factor takes columns
_FEWEST_COLUMNS = 500  # up to which a factor of the Hessian is quick anyway
# Rows a column, at most. A squared error needs but one factor, and products of the rows
# pay later (1500 x 2000: 326 ms, not 224).
_MOST_SHARE, _MOST_SHARE_QUADRATIC = 0.8, 0.5
# Columns up to which descents on smooth losses would factor the Hessian. Beyond, its
# diagonal is enough for them and cheaper than products of rows; but where l'' jumps
# those of few rows are worth it (300 x 3000, squared hinge: 358 epochs, 200 ms -> 14).
_MOST_FACTORED, _FEW_ROWS = 2000, 500
_BLOCK_COLUMNS = 512  # of X that are centred at a time
_SAFE = 100.0  # times smaller than the tolerance: what rounding may hide
_ROUNDING = float(np.finfo(np.float64).eps)


class RowSpace:
    """Coordinates u of the w = A' c, in which A w = B u and |w| = |u|.

    With an l2 penalty no part of w that is orthogonal to the rows of A lessens F, so
    that the optimum over u is the optimum over w, whatever the loss (Kimeldorf, Wahba,
    "Some results on Tchebycheffian spline functions", 1971). B, of shape (n_rows,
    rank), is the pivoted Cholesky factor of A A'. It costs n_rows^2 n_features / 2
    multiplications, and O(n_rows^2) memory.

    Parameters
    ----------
    view : View
        A: rows of a dense X about their means, scaled by 1, or 0 if they do not count.
    """

    def __init__(self, view):
        self.view = view
        factor, pivots, rank, _ = dpstrf(_products_of_rows(view), lower=1)
        self._pivots = pivots[:rank] - 1
        self._factor = np.tril(factor[:rank, :rank])
        B = np.empty((view.n_rows, rank))
        B[pivots - 1] = np.tril(factor)[:, :rank]
        self.design = Design(B)

    @staticmethod
    def pays(view, loss) -> bool:
        """Tell whether a dense X is so wide that a loss is better minimised over u."""
        n, d = view.n_rows, view.n_features
        share = _MOST_SHARE_QUADRATIC if loss.quadratic else _MOST_SHARE
        if view.sparse or n > min(_MOST_ROWS, share * d) or d <= _FEWEST_COLUMNS:
            return False
        if loss.kinked or d <= _MOST_FACTORED:
            return True
        return loss.piecewise and n <= _FEW_ROWS

    @staticmethod
    def holds(view, ridge, slope, needed) -> bool:
        """Tell whether rounding hides no direction that F may gain by.

        What the factor does not show of row i is no longer than the square root of
        n_rows times rounding, times the longest row. Along that F can gain
        |sum_i t_i a_i|^2 / (2 ridge), t being the derivatives of the loss.

        Parameters
        ----------
        view : View
            A.
        ridge : float
            Of w.
        slope : float
            The sum of the sizes of the derivatives.
        needed : float
            The decrease of F that counts.
        """
        longest = _largest_square(view)
        if not 0.0 < longest < np.inf:
            return False
        hidden = 0.5 * view.n_rows * _ROUNDING * longest * slope**2 / ridge
        return bool(_SAFE * hidden <= needed)

    def lift(self, u):
        """Give w of shape (K, n_features) for u of shape (K, rank)."""
        c = np.zeros((len(u), self.view.n_rows))
        c[:, self._pivots] = solve_triangular(self._factor, u.T, lower=True, trans=1).T
        return self.view.rmatvec(c)

    def project(self, w):
        """Give u of the part of w that lies in the span of the rows."""
        image = self.view.matvec(w)[:, self._pivots]
        return solve_triangular(self._factor, image.T, lower=True).T.copy()


def _blocks_of_columns(view):
    """Yield A, some columns at a time."""
    for begin in range(0, view.n_features, _BLOCK_COLUMNS):
        columns = slice(begin, begin + _BLOCK_COLUMNS)
        block = view.X[view.rows, columns].astype(np.float64)
        block -= view.mean[columns]
        block *= view.scale[columns]
        yield block


def _largest_square(view) -> float:
    """Give the largest |a_i|^2; infinity if it overflows."""
    squares = np.zeros(view.n_rows)
    with np.errstate(over="ignore"):
        for block in _blocks_of_columns(view):
            squares += np.einsum("ij,ij->i", block, block)
    return float(squares.max())


def _products_of_rows(view):
    """Give A A', in Fortran's order."""
    products = np.zeros((view.n_rows, view.n_rows), order="F")
    for block in _blocks_of_columns(view):
        products += block @ block.T
    return products
