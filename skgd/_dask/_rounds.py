"""Rounds: a task a block, whose small results are added in the order of the blocks."""

from functools import reduce

_FAN = 16  # results that a task adds: with 2 the rounds of 64 blocks are six tasks deep


class Blocks:
    """Rows in blocks, each read by one task a round.

    Parameters
    ----------
    parts : list of tuple of Delayed
        X, y and weights of each block (None: no weights).

    Attributes
    ----------
    rounds : int
        Rounds so far.
    """

    def __init__(self, parts):
        self.parts = parts
        self.rounds = 0

    def each(self, function, *given):
        """Give function(X, y, weight, *given) of each block, in order."""
        import dask

        self.rounds += 1
        return list(dask.compute(*self._tasks(function, given)))

    def total(self, function, add, *given):
        """Give the sum of what the function gives, None being nothing.

        Neighbours are added first, so that the result depends on the blocks alone.
        """
        import dask

        self.rounds += 1
        tasks = self._tasks(function, given)
        combine = dask.delayed(_combine, pure=False)
        while len(tasks) > _FAN:
            groups = range(0, len(tasks), _FAN)
            tasks = [combine(tasks[begin : begin + _FAN], add) for begin in groups]
        return _combine(dask.compute(*tasks), add)

    def _tasks(self, function, given):
        import dask

        # one node of the graph for what all tasks are given
        shared = dask.delayed(given, traverse=False, pure=False)
        task = dask.delayed(_call, pure=False)
        return [task(function, *part, shared) for part in self.parts]


def _call(function, X, y, weight, given):
    return function(X, y, weight, *given)


def _combine(results, add):
    found = [result for result in results if result is not None]
    return reduce(add, found) if found else None
