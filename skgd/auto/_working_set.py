"""Quadratic models over the few columns that matter."""

import numpy as np

from skgd._core.bridge import column_arrays
from skgd._core.coordinate import descend_columns, descend_gram

_ROUNDS = 200
_MOST_GRAM = 300  # sparse columns beyond which H is not formed
# Sparse columns up to which it is where coordinate descent is slow: columns of groups
# that add up to one (categories) take hundreds of rounds, those of text 2 to 8.
_MOST_SLOW, _SLOW = 2000, 12
_BLOCK_ROWS = 4096  # of a dense X whose columns are gathered at a time


class WorkingSetModel:
    """H over the support and the columns that promise most, the rest seen one by one.

    For column j outside, e_j is what q falls by if v_j alone moves. The estimate is the
    decrease over the working set plus the sum of e_j outside.

    Parameters
    ----------
    task : Task
        Loss, penalty and view.
    """

    # As GramModel's. Text at a weak l1 penalty takes as many steps as with 1e-3 for
    # both, and 4 s instead of 10.
    rough, fine = 0.1, 1e-2
    # As GramModel's: of one-hot columns a round takes 50 ms, and a dozen of them gained
    # a hundredth of the gap sought.
    idle = 0.01

    def __init__(self, task):
        self.task = task
        self.n_features = len(task.l1)
        self.columns = np.empty(0, dtype=np.intp)
        self.size = 0  # of the last working set
        self.most_gram = _MOST_GRAM
        self.blocks: list[np.ndarray] = []
        self.by_column = None

    def take_over(self, earlier) -> None:
        """Take the curvature of a model of another penalty, which is of no use then."""
        self.h, self.squares = earlier.h, earlier.squares
        self.diagonal = self.squares + self.task.ridge
        self.columns, self.size = earlier.columns, earlier.size
        self.most_gram = earlier.most_gram
        self.blocks, self.by_column = earlier.blocks, earlier.by_column
        columns = np.arange(len(self.columns))
        for H, diagonal in zip(self.blocks, self.diagonal, strict=False):
            H[columns, columns] = diagonal[self.columns]

    whole = False  # whether it is of all columns

    @property
    def trusted(self) -> bool:
        """Whether the model's decrease estimates F - F*."""
        return len(self.task.constant) == 1

    @property
    def lasting(self) -> float:
        """How much longer than others it is kept: less where H is not formed.

        A new curvature costs less than the sweeps of another epoch then: of text, a
        weak l1 took 80 epochs and 5.1 s, and takes 27 and 3.0.
        """
        return 1.0 if self.by_column is None else 1.0 / 3.0

    def grow(self) -> bool:
        """Tell that there is no better model."""
        return False

    def shift(self, v):
        """Give v."""
        return v

    def refresh(self, h, z, g, v) -> None:
        """Take the curvature h, of shape (K, n_rows)."""
        view, d = self.task.view, self.n_features
        self.h = h
        self.squares = np.array([view.rmatvec_squared(k) for k in h])
        self.diagonal = self.squares + self.task.ridge
        self.columns, self.blocks = np.empty(0, dtype=np.intp), []
        self._extend(self._choose(g[:, :d], v[:, :d]))

    def propose(self, g, v, d1, absolute, relative):
        """Give the minimum's (K, p) distance from v, the model's decrease and rest."""
        d, self.d = self.n_features, d1
        wanted = self._choose(g[:, :d], v[:, :d])
        if not np.isin(wanted, self.columns, assume_unique=True).all():
            self._extend(np.union1d(wanted, self.columns))
        columns, free = self.columns, v.shape[1] > d
        chosen = np.append(columns, d) if free else columns
        l1 = np.append(self.task.l1[columns], 0.0)[: len(chosen)]
        bounded = np.zeros(len(chosen), dtype=np.uint8)
        bounded[: len(columns)] = self.task.positive
        kinks, step = (l1, bounded), np.zeros_like(v)
        decrease, rest = 0.0, 0.0
        for k in range(len(v)):
            goal = absolute / len(v), relative, _ROUNDS
            if self.by_column is None:
                r, x = g[k, chosen], v[k, chosen]
                total, left, _ = descend_gram(self.blocks[k], r, *kinks, x, *goal)
                step[k, chosen] = x - v[k, chosen]
            else:
                total, left, rounds = self._descend_columns(
                    k, v[k], kinks, goal, step[k]
                )
                if rounds > _SLOW and len(columns) <= _MOST_SLOW:
                    self.most_gram = _MOST_SLOW
                    self._extend(columns)
                    return self.propose(g, v, d1, absolute, relative)
            decrease, rest = decrease + total, rest + left
        outside = self.promise.sum() - self.promise[columns].sum()
        return step, decrease + max(outside, 0.0), rest

    def _descend_columns(self, k, v, kinks, goal, step):
        """Fill `step`; the intercept is raw there, so that columns stay sparse."""
        view, columns, d = self.task.view, self.columns, self.n_features
        scale = np.ascontiguousarray(view.scale[columns])
        ridge = np.ascontiguousarray(self.task.ridge[columns])
        x, e = np.append(v[columns], 0.0), self.d[k].copy()
        total, left, rounds = descend_columns(
            self.by_column,
            scale,
            self.h[k],
            ridge,
            *kinks,
            self.task.fit_intercept,
            x,
            e,
            *goal,
        )
        step[columns] = x[:-1] - v[columns]
        if self.task.fit_intercept:
            step[d] = x[-1] + (view.mean[columns] * scale) @ step[columns]
        return total, left, rounds

    def _choose(self, g, v):
        """Give the support and the columns of the largest e_j, in order."""
        task, a = self.task, self.diagonal
        usable = a > 0
        a = np.where(usable, a, 1.0)
        ax = a * v - g
        if task.positive:
            best = np.maximum(ax - task.l1, 0.0) / a
        else:
            best = np.sign(ax) * np.maximum(np.abs(ax) - task.l1, 0.0) / a
        dv = np.where(usable, best - v, 0.0)
        e = -(dv * (g + 0.5 * a * dv) + task.l1 * (np.abs(v + dv) - np.abs(v)))
        self.promise = np.maximum(e, 0.0).sum(0)
        support = (v != 0).any(0)
        violators = np.flatnonzero((self.promise > 0) & ~support)
        nnz = int(support.sum())
        first = len(violators) // 10 if self.size == 0 else 0
        room = max(2 * nnz, self.size, 10, first) - nnz
        if room < len(violators):
            order = np.argpartition(self.promise[violators], len(violators) - room)
            violators = violators[order[len(violators) - room :]]
        self.size = nnz + len(violators)
        return np.union1d(np.flatnonzero(support), violators)

    def _extend(self, columns) -> None:
        """Make `columns` the working set, keeping what is known of H."""
        known = np.searchsorted(columns, self.columns)
        new = np.setdiff1d(np.arange(len(columns)), known, assume_unique=True)
        size = len(columns) + int(self.task.fit_intercept)
        self.by_column = None
        if self.task.view.sparse and len(columns) > self.most_gram:
            self.by_column = self._sparse_columns(columns)
            self.columns, self.blocks = columns, []
            return
        if self.task.view.sparse:
            blocks = self._sparse_blocks(columns, size)
        else:
            blocks = self._dense_blocks(columns, size, known, new)
        for H in blocks:
            H[np.arange(len(columns)), np.arange(len(columns))] += self.task.ridge[
                columns
            ]
        self.columns, self.blocks = columns, blocks

    def _sparse_columns(self, columns):
        X = self.task.view.X[:, columns]
        return column_arrays(X[self.task.view.rows].tocsc())

    def _sparse_blocks(self, columns, size):
        part = self.task.view.with_columns(columns)
        return [np.ascontiguousarray(part.gram(h)[:size, :size]) for h in self.h]

    def _dense_blocks(self, columns, size, known, new):
        view = self.task.view
        old = np.append(known, len(columns))[: size - len(new)]  # and the intercept
        fresh = np.append(new, len(columns))[: size if not self.blocks else len(new)]
        blocks = [np.zeros((size, size)) for _ in self.h]
        for begin in range(0, view.n_rows, _BLOCK_ROWS):
            end = min(begin + _BLOCK_ROWS, view.n_rows)
            block = np.ones((end - begin, len(columns) + 1))
            values = view.X[view.rows[begin:end, None], columns]
            block[:, :-1] = (values - view.mean[columns]) * view.scale[columns]
            block = block[:, :size]
            for H, h in zip(blocks, self.h, strict=True):
                H[fresh] += (block[:, fresh] * h[begin:end, None]).T @ block
        for k, H in enumerate(blocks):
            H[:, fresh] = H[fresh].T
            if self.blocks:
                ridge = np.append(self.task.ridge[self.columns], 0.0)
                H[np.ix_(old, old)] = self.blocks[k] - np.diag(ridge[: len(old)])
        return blocks
