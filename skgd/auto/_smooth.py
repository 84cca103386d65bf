"""Smooth losses with l2 or no penalty: P^-1 g, the plane search, and nothing else."""

import math

import numpy as np

from skgd._report import Report
from skgd.auto._direction import Direction
from skgd.auto._falls import Falls
from skgd.auto._metric import Metric
from skgd.auto._plane import Plane
from skgd.auto._position import Position

_LATE = 150  # epochs after which an interior point goes on where l' has kinks
_DRIFT = 50  # epochs after which z is computed afresh
# Epochs that begin with a move, where l' has kinks: Newton's steps end as soon as they
# know which rows curve, and each move takes other rows across. On digits, squared
# hinge, 1000 epochs with moves end at 2e-9, where 200 without reach 1e-9.
_MOST_MOVES = 30
# The same elsewhere: beside a factor they bring little, and hide how far P^-1 g leads.
_MOST_BESIDE_FACTOR = 100


class SmoothDescent:
    """One epoch: a step over span{P^-1 g, the last step, a move}, exactly searched.

    Parameters
    ----------
    task : Task
        What is minimised.
    v, b : ndarray of shapes (K, n_features), (K,)
        Where to start; the model of the last epoch afterwards.
    tol : float or None
        Share of F_null - F that the estimate must reach.
    move : callable or None
        A stochastic epoch: gives (dv, db) from (v, b, z, d, h, solve).
    earlier : SmoothDescent or None
        Of the same task but for the ridge, which ended at (v, b): its arrays are taken
        over.
    goes_on : bool
        Whether (v, b) is not the user's start, but where another descent has ended.
    """

    def __init__(self, task, v, b, tol, move=None, earlier=None, goes_on=False):
        if task.loss.n_outputs > 1:  # a ridge is least without what classes share
            v = v - v.mean(axis=0)
        self.task, self.tol = task, tol
        self._move = move
        # P^-1 g, then the stochastic move if there is one, then the last step
        self._plane = Plane(task, 2 if move is None else 3)
        self._metric = earlier._metric.at(task) if earlier else Metric(task, tol)
        if earlier is not None and earlier._begin is not None:
            (begin_v, begin_b, z), at = earlier._begin, earlier._at
            # from one penalty to the next the way is alike
            self._plane.remember(at.v - begin_v, at.b - begin_b, at.z - z)
        self._at = Position(task, v, b, earlier and earlier._at)
        self._begin = (v, b, self._at.z.copy()) if task.followed else None
        self._falls = Falls(task, warm=not goes_on and bool(v.any()))
        self._direction = Direction(task, tol, self._metric, self._plane, self._falls)
        self._stuck = False
        self._report = None

    @property
    def v(self):
        """The coefficients."""
        return self._at.v

    @property
    def b(self):
        """The intercepts."""
        return self._at.b

    def run_epoch(self) -> Report:
        """Step, and look at where that led."""
        if self._report is None:
            self._report = self._look()
            if self._stuck or (self._report.certified and self._enough):
                return self._report
        step = self._step()
        self._report = self._look(step)
        return self._report

    @property
    def stalled(self) -> bool:
        """Whether an interior point, where one suits, should go on.

        Rows cross kinks of l' again and again, or so few curve that steps end before
        it is known what is left.
        """
        report = self._report
        if report is None:
            return False
        if not (self.task.loss.piecewise and self._metric.P.certifies):
            return False
        if report.certified and (self._enough or self.tol is None):
            return False
        return report.exhausted or len(self._falls) > _LATE

    @property
    def _enough(self) -> bool:
        """Whether the last estimate meets the tolerance."""
        report = self._report
        return report.suboptimality <= self.task.needed(self.tol, report.objective)

    def _look(self, step=np.nan):
        """Find the objective, the next direction, and what it tells is left."""
        at = self._at
        if len(self._falls) % _DRIFT == _DRIFT - 1:
            at.predict()
        at.evaluate()
        self._falls.add(at.objective)
        estimate, certified = self._direction.find(at)
        g = self._direction.gradient
        self._stuck |= self._direction.at_rest
        norm = math.sqrt(np.vdot(g, g))
        return Report(at.objective, estimate, norm, step, certified, self._stuck)

    def _drop_move(self):
        self._move = None
        self._plane.drop_move()

    def _unsettling(self) -> bool:
        """Tell whether moves keep the curvature from settling."""
        most = _MOST_MOVES if self.task.loss.piecewise else _MOST_BESIDE_FACTOR
        return len(self._falls) > most and self._metric.P.certifies

    def _step(self):
        """Minimise F over the plane of the moves; give what was taken of P^-1 g."""
        plane, at = self._plane, self._at
        if self._move is not None and self._unsettling():
            self._drop_move()
        if self._move is not None:
            metric = self._direction.metric_of_moves()
            plane.set_move(*self._move(at.v, at.b, at.z, at.d, at.h, metric))
        share, objective, step = plane.minimise(at.v, at.z)
        if self._move is not None and not objective < at.objective:
            # Of rows that hardly curve a move may be so long that beside it nothing is
            # left of the other directions.
            self._drop_move()
            share, objective, step = plane.minimise(at.v, at.z)
        self._direction.learn(share)
        self._stuck = not objective < at.objective
        if step is not None:
            at.advance(*step)
        return share
