"""The problem that rows in blocks pose, and its tasks for auto descent."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skgd._core.losses import traits_of
from skgd._core.sample_space import SampleLoss
from skgd._dask._collections import blocks_of, check_features, dtype_of
from skgd._dask._columns import Moments, moments
from skgd._dask._raw import Raw
from skgd._dask._rounds import Blocks
from skgd._dask._rows import Output, Reading, add, check_weight_sum
from skgd._dask._space import SPACE
from skgd._dask._stand_ins import BlockLoss, BlockView, Curvature
from skgd._dask._survey import Labels, Numbers
from skgd._problem import Problem, objective_of
from skgd.auto import _constant, _coordinates
from skgd.auto._kinked_model import MOST_WHOLE
from skgd.auto._moments import Columns

_MOST_PRODUCTS = 2000  # columns up to which each block has a Gram matrix of its own
_MOST_NEWTON = 4  # looks for the best constant, which begin next to it
_NEAR = 1e-10  # share of F up to which a constant need not be better


@dataclass(frozen=True)
class BlockDesign:
    """X where it is in blocks.

    Attributes
    ----------
    shape, dtype : tuple, dtype
        Rows of weight above zero, and columns.
    matrix : ndarray
        Rows to look for NaN in: none, as each block has been looked at.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    matrix: np.ndarray


@dataclass
class BlockTraining:
    """Data in blocks; what `Training` is of data in memory.

    Attributes
    ----------
    X : BlockDesign
    blocks : Blocks
    reading : Reading
    targets : Numbers or Labels
    n_outputs : int
    positive : ndarray or None
        As in `Training`.
    """

    X: BlockDesign
    blocks: Blocks
    reading: Reading
    targets: Any
    n_outputs: int
    positive: np.ndarray | None = None


def training_in_blocks(estimator, X, y, sample_weight) -> BlockTraining:
    """Cut the data into blocks and look at y: a round."""
    check_features(estimator, X, reset=True)
    blocks = blocks_of(X, y, sample_weight)
    ndim = y.ndim if hasattr(y, "ndim") else np.ndim(y)
    seen, of_class, positive = estimator._survey(blocks.without_X(), ndim)
    dtype, d = dtype_of(X), estimator.n_features_in_
    if isinstance(seen, Labels):
        weights = seen.weights if of_class is None else seen.weights * of_class
        reading = Reading(dtype, d, seen.labels, of_class, float(weights.sum()))
        n_rows = int(seen.used[weights > 0].sum())
        n_outputs = 1 if len(seen.labels) == 2 else len(seen.labels)
    else:
        reading = Reading(dtype, d, weight_sum=seen.weight)
        n_rows, n_outputs = seen.n_rows, 1
    check_weight_sum(reading.weight_sum)
    blocks.rounds = 1  # that of y
    design = BlockDesign((n_rows, d), dtype, np.zeros((1, d)))
    return BlockTraining(design, blocks, reading, seen, n_outputs, positive)


def problem_in_blocks(estimator, training, state):
    """Give the problem of the training rows."""
    n_rows = training.X.shape[0]
    state.weight_count = float(n_rows)
    state.weight_mean = training.reading.weight_sum / n_rows
    return BlockProblem(
        training.X,
        None,
        range(n_rows),
        n_threads=1,
        training=training,
        **objective_of(estimator, training.n_outputs),
    )


@dataclass
class BlockProblem(Problem):
    """A problem whose rows are in blocks.

    It inherits, against the rule: F is the same, of other rows.
    """

    training: BlockTraining

    @property
    def n_outputs(self) -> int:
        """Raw predictions a row."""
        return self.training.n_outputs

    @cached_property
    def largest_targets(self):
        """Largest size of a target; None where y is made of classes."""
        seen = self.training.targets
        if isinstance(seen, Labels):
            return None
        return np.array([max(abs(seen.least), abs(seen.largest))])

    def pose(self, problem, positive: bool, intercept, tol, mode):
        """Give columns and tasks, as `make_tasks` does: two rounds or a few more."""
        training, outputs = self.training, list(self._outputs())
        seen = self._moments(outputs, intercept)
        constant = seen.low == seen.high
        if not self.fit_intercept:
            constant &= seen.low == 0.0
        columns = seen.products.columns()
        _coordinates.check_range(columns.mean, columns.variance)
        variance = np.where(constant, -1.0, columns.variance)
        view = BlockView(
            self.design.shape[0],
            columns.mean,
            np.ones(len(columns.mean)),
            seen.is_sparse,
            (seen.entries, seen.squares),
        )
        tasks, end = [], 0
        for output in outputs:
            own = slice(end, end := end + output.n_outputs)
            loss = BlockLoss(training.blocks, output, self._weight_of(output))
            loss.joint = SPACE.joins(loss, view, len(training.blocks))
            null = self._null(loss, view, intercept[own])
            task = _coordinates.task_from(self, loss, view, variance, null)
            task.space = SPACE
            tasks.append(task)
        if not isinstance(seen.products, Columns):
            _coordinates.add_quadratics(tasks, seen.products)
        return Columns(columns.mean, np.maximum(variance, 0.0)), tasks

    def _outputs(self):
        """Yield the loss of each output, or one for softmax."""
        training, K = self.training, self.n_outputs
        given = training.reading, self.loss, self.parameter
        if self.loss == "softmax":
            yield Output(*given, n_outputs=K)
            return
        for k in range(K):
            weight = 1.0 if training.positive is None else float(training.positive[k])
            yield Output(*given, positive=k if K > 1 else 1, positive_weight=weight)

    def _moments(self, outputs, intercept) -> Moments:
        """Look at the columns: a round."""
        d, quadratic = self.design.shape[1], traits_of(self.loss)["shape"] == "constant"
        most = MOST_WHOLE if self.l1 else _MOST_PRODUCTS
        pays = quadratic and self.training.positive is None and d <= most
        return self.training.blocks.total(
            moments,
            add,
            self.training.reading,
            outputs if pays and self.design.shape[0] > d else [],
            intercept,
            self.fit_intercept,
        )

    def _class_weights(self, output):
        """Give the weight of each class in a loss, the sum of all rows' being one."""
        training, seen = self.training, self.training.targets
        weights = seen.weights / training.reading.weight_sum
        if training.reading.class_weight is not None:
            weights = weights * training.reading.class_weight
        if output.n_outputs > 1:
            return weights
        positive = weights[output.positive]
        rest = np.delete(weights, output.positive).sum()
        return np.array([rest, positive * output.positive_weight])

    def _weight_of(self, output) -> float:
        if isinstance(self.training.targets, Numbers):
            return 1.0
        return float(self._class_weights(output).sum())

    def _few(self, output):
        """Give a loss of few rows that has the best constant of all, or one near it."""
        seen, given = self.training.targets, (self.loss, self.parameter)
        if isinstance(seen, Labels):
            weights = np.ascontiguousarray(self._class_weights(output))
            if output.n_outputs > 1:
                codes = np.arange(len(weights), dtype=np.int32)
                return SampleLoss(*given, codes, weights, output.n_outputs)
            return SampleLoss(*given, np.array([-1.0, 1.0]), weights)
        weights = seen.kept_weight / seen.weight
        loss = SampleLoss(*given, seen.kept, weights)
        if loss.quadratic or loss.log_link:
            return SampleLoss(*given, np.array([seen.mean]), np.ones(1))
        return loss

    def _null(self, loss, view, fixed):
        """Give the best constant model, F and the mean curvature there: some looks."""
        model = np.zeros((loss.n_outputs, view.n_features))
        if not self.fit_intercept:
            return self._look(loss, Raw(view.mean, model, fixed.astype(np.float64)))
        few = self._few(loss.output)
        constant = _constant.best_constant(few)
        seen = self.training.targets
        exact = isinstance(seen, Labels) or few.quadratic or few.log_link
        loss.wants_grams = exact and SPACE.factors(loss, view) and not few.quadratic
        best = self._look(loss, Raw(view.mean, model, constant))
        if exact:
            return best
        for _ in range(_MOST_NEWTON):
            seen = loss.look(Raw(view.mean, model, best.constant))
            if not seen.d[0] ** 2 > 2.0 * _NEAR * seen.h[0] * abs(seen.value):
                break
            constant = best.constant - seen.d / seen.h
            other = self._look(loss, Raw(view.mean, model, constant))
            if not other.objective < best.objective:
                break
            best = other
        return best

    def _look(self, loss, z):
        h = Curvature(loss)
        value = loss.evaluate(z, h=h)
        curvature = _constant.mean_curvature(loss, h)
        return _coordinates.NullModel(z.b.copy(), value, curvature)
