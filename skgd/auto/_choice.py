"""Which descent suits a task."""

import numpy as np

from skgd.auto._columns import ColumnDescent
from skgd.auto._conjugate import ConjugateGradients
from skgd.auto._dual import DualAscent
from skgd.auto._interior import InteriorPoint
from skgd.auto._least_squares import LeastSquares
from skgd.auto._multipliers import Multipliers
from skgd.auto._primal_dual import PrimalDual
from skgd.auto._proximal import ProximalNewton
from skgd.auto._proximal_multipliers import ProximalMultipliers
from skgd.auto._rosenblatt import Rosenblatt
from skgd.auto._settle import moving_columns, on_rows
from skgd.auto._smooth import SmoothDescent
from skgd.auto._wide_factor import WideFactor

_MANY_ROWS, _MANY_COLUMNS = 20_000, 2000
_FEW_ROWS = 500  # of sparse X: systems of them are solved whole
_LITTLE = 1e-6  # of F
# Columns up to which sparse X has Cholesky factors, as `multipliers` takes them. Dual
# ascent crawls where columns differ in size, and few columns do not pay for the risk.
_NARROW = 500
# An l1 penalty is weak where the gradient of the loss is that many times as large, of
# that share of the coefficients that an optimum may have. Where it is strong, a few
# Newton steps on working sets take half of an interior point's time.
_WEAK, _SHARE = 100.0, 0.5


class Relay:
    """A descent until it stalls; then another one from its model on.

    Parameters
    ----------
    first : LeastSquares, DualAscent, ColumnDescent, SmoothDescent or ProximalNewton
    following : callable
        Gives the other descent, from (v, b).
    last : callable or None
        Gives what goes on from there where the other ends without a certificate, though
        the first had not come to its end.

    Attributes
    ----------
    current : object
        The descent that has its turn.
    """

    def __init__(self, first, following, last=None):
        self.current = first
        self._to_come = [following] if last is None else [following, last]

    @property
    def v(self):
        """The coefficients."""
        return self.current.v

    @property
    def b(self):
        """The intercept."""
        return self.current.b

    def run_epoch(self):
        """Run an epoch of the descent that has its turn, of two when they change."""
        report = self.current.run_epoch()
        if not (self._to_come and self.current.stalled):
            return report
        self.current = self._to_come.pop(0)(self.v, self.b)
        if report.exhausted:
            self._to_come.clear()
        if report.exhausted or not report.certified:
            report = self.current.run_epoch()
        return report


def make_descent(task, v, b, tol, mode, seed, earlier=None):
    """Give the descent of a task, starting from (v, b).

    `earlier` : the descent that ended there, of the same task but for the penalty.
    """
    if not task.minimised:
        return Rosenblatt(task, v, b, tol, mode, seed)
    if task.quadratic is not None:
        return Relay(
            LeastSquares(task, v, b, tol, _of_kind(LeastSquares, earlier)),
            lambda v, b: _make_smooth(task, v, b, tol, mode, seed, None),
        )
    if not task.loss.kinked:
        return _make_smooth(task, v, b, tol, mode, seed, earlier)
    if _has_dual(task):
        dual = DualAscent(task, v, b, tol, mode, seed)
        if dual.holds:
            return Relay(dual, lambda v, b: _after_dual(task, v, b, tol, dual.t))
    if _separable(task):
        return Multipliers(task, v, b, tol)
    return _make_doubly_kinked(task, v, b, tol, earlier)


def _separable(task):
    return not task.l1.any() and not task.positive


def _has_dual(task) -> bool:
    """Tell whether a task has dual variables that can be visited one by one."""
    wide = task.view.sparse and task.view.n_features > _NARROW
    return wide and task.has_ridge and _separable(task) and DualAscent.suits(task.loss)


def _begins_with_dual(task) -> bool:
    """Tell whether a smooth loss of few rows is begun with by its dual.

    Not along a path: from one alpha to the next, the other descent takes its arrays on.
    """
    few_rows = task.view.n_rows < task.view.n_features
    if task.followed or not task.space.keeps_rows:
        return False
    suits = task.loss.piecewise or task.loss.quadratic
    return suits and few_rows and _has_dual(task)


def known_loss(descent):
    """Give the loss as a KnownLoss, if the descent has ended with one; or None."""
    descent = _of_kind(LeastSquares, descent)
    return None if descent is None else descent.proven()


def _of_kind(kind, descent):
    """Give the descent, or the one that a relay has come to, if it is of the kind."""
    descent = descent.current if isinstance(descent, Relay) else descent
    return descent if isinstance(descent, kind) else None


def _make_smooth(task, v, b, tol, mode, seed, earlier):
    """Give the descent on a loss without kinks."""
    move = None if mode == "batch" else task.space.make_move(task, mode, seed)
    interior = InteriorPoint.relieves_newton(task) and _has_pieces(task)
    if _begins_with_dual(task):
        dual = DualAscent(task, v, b, tol, mode, seed)
        if dual.holds:
            return Relay(
                dual, lambda v, b: SmoothDescent(task, v, b, tol, move, goes_on=True)
            )
    if _separable(task):
        if move is None and _by_gradients(task, tol, earlier):
            earlier = _of_kind(ConjugateGradients, earlier)
            return ConjugateGradients(task, v, b, tol, earlier)
        smooth = SmoothDescent(task, v, b, tol, move, _of_kind(SmoothDescent, earlier))
        if not interior:
            return smooth
        return Relay(
            smooth,
            lambda v, b: InteriorPoint(task, v, b, tol),
            lambda v, b: SmoothDescent(task, v, b, tol, goes_on=True),
        )
    if ColumnDescent.suits(task):
        slopes = bool(tol) and DualAscent.suits(task.loss) and PrimalDual.suits(task)
        last = _of_kind(ColumnDescent, earlier)
        columns = ColumnDescent(task, v, b, tol, mode, seed, slopes, last)
        if columns.pays and slopes:
            return Relay(columns, lambda v, b: PrimalDual(task, v, b, tol))
        if columns.pays:
            return Relay(columns, lambda v, b: ProximalNewton(task, v, b, tol, move))
    begins = interior and InteriorPoint.outruns_newton(task)
    if begins and not (task.followed or v.any()) and _is_weak(task, b):
        return InteriorPoint(task, v, b, tol)
    earlier = _of_kind(ProximalNewton, earlier)
    newton = ProximalNewton(task, v, b, tol, move, earlier)
    if interior:
        return Relay(newton, lambda v, b: InteriorPoint(task, v, b, tol))
    return newton


def _has_pieces(task) -> bool:
    """Tell whether a smooth loss has pieces, and not one alone."""
    return task.loss.piecewise and DualAscent.suits(task.loss)


def _is_weak(task, b) -> bool:
    """Tell whether l1 alone holds few coefficients at zero."""
    view = task.view
    d, h = task.space.room(task)
    task.loss.evaluate(np.repeat(b[:, None], view.n_rows, axis=1), d, h)
    pulled = np.abs(view.rmatvec(d)) > _WEAK * task.l1
    return np.count_nonzero(pulled) > _SHARE * min(view.n_rows, view.n_features)


def _by_gradients(task, tol, earlier) -> bool:
    """Tell whether F is a quadratic, and its Hessian too dear to factor."""
    if not (task.loss.quadratic and task.space.keeps_rows):
        return False
    if _of_kind(ConjugateGradients, earlier) is not None:
        return True
    if _of_kind(SmoothDescent, earlier) is not None:
        return False
    return task.space.choose_rows(task, tol) == 0


def _after_dual(task, v, b, tol, t):
    """Give what goes on from dual ascent, from the slopes too that it has come to.

    Newton steps by conjugate gradients take a half to a sixth of the time on many rows
    of few columns, and are exact where rows are few; else they may not end at all.
    """
    many = task.view.n_features > _MANY_COLUMNS and task.view.n_rows > _FEW_ROWS
    if many and PrimalDual.suits(task) and _explains(task, v, b):
        return PrimalDual(task, v, b, tol, t[task.loss.weight > 0.0])
    return Multipliers(task, v, b, tol)


def _explains(task, v, b) -> bool:
    """Tell whether a model is more than the best constant one, but for little.

    Where it is not, `tol` is next to rounding, and Newton's systems nearly the ridge.
    """
    objective = task.loss.evaluate(task.view.matvec(v) + b[:, None]) + task.penalty(v)
    return task.null_objective - objective > _LITTLE * task.null_objective


def _make_doubly_kinked(task, v, b, tol, earlier):
    """Give the descent on a kinked loss beside l1 or positivity.

    An interior point reads all rows 10 to 40 times, and factors systems of the rows or
    of the columns that may move. Where those are too large, steps need products only
    (sparse X), or the rows are read for a few Newton steps (dense X).
    """
    n, d = task.view.n_rows, task.view.n_features
    if task.view.sparse and d > _MANY_COLUMNS and PrimalDual.suits(task):
        rows = on_rows(task)
        d = len(moving_columns(rows, rows.loss.interval))
        if d > _MANY_COLUMNS and not WideFactor.suits(task.view, d):
            earlier = _of_kind(PrimalDual, earlier)
            start = (earlier.t, earlier.balance) if earlier else ()
            return PrimalDual(task, v, b, tol, *start)
    many_rows = not task.view.sparse and n >= max(_MANY_ROWS, 100 * d)
    if many_rows or (d > _MANY_COLUMNS and not WideFactor.suits(task.view, d)):
        return ProximalMultipliers(task, v, b, tol)
    return InteriorPoint(task, v, b, tol)
