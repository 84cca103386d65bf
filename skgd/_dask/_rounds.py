"""Rounds: a task a block, whose small results are added in the order of the blocks."""

from functools import reduce
from uuid import uuid4

_FAN = 16  # results that a task adds: with 2 the rounds of 64 blocks are six tasks deep


class Blocks:
    """Rows in blocks, each read by one task a round.

    Graphs are written by hand: `dask.delayed` takes 1 ms a task, as much as the work of
    a small block.

    Parameters
    ----------
    parts : list of tuple
        X, y and weights of each block, each a Delayed or a value.

    Attributes
    ----------
    rounds : int
        Rounds so far.
    """

    def __init__(self, parts):
        from dask.highlevelgraph import HighLevelGraph

        self.rounds = 0
        self._parts = parts
        graphs = {
            id(x.dask): x.dask for part in parts for x in part if hasattr(x, "dask")
        }
        self._graph = HighLevelGraph.merge(*graphs.values())

    def __len__(self):
        return len(self._parts)

    def without_X(self):
        """Give the same blocks without X, which no task need load then."""
        return Blocks([(None, *part[1:]) for part in self._parts])

    def total(self, function, add, *given):
        """Give the sum of function(X, y, weight, *given) of the blocks.

        None is nothing. Neighbours are added first, so that the result depends on the
        blocks alone.
        """
        from dask.delayed import Delayed
        from dask.highlevelgraph import HighLevelGraph

        self.rounds += 1
        name = f"skgd-{function.__name__.strip('_')}-{uuid4().hex}"
        task, reference = _words()
        shared = reference((name, "given"))
        layer = {(name, "given"): _Given(function, add, given)}
        keys = []
        for i, part in enumerate(self._parts):
            keys.append((name, i))
            values = (
                reference(x.key) if hasattr(x, "dask") else _Given(x) for x in part
            )
            layer[keys[-1]] = task(keys[-1], _call, shared, *values)
        depth = 0
        while len(keys) > 1 or depth == 0:
            groups = [keys[i : i + _FAN] for i in range(0, len(keys), _FAN)]
            keys = [(name, "sum", depth, i) for i in range(len(groups))]
            for key, group in zip(keys, groups, strict=True):
                layer[key] = task(key, _combine, shared, *map(reference, group))
            depth += 1
        layers = {**self._graph.layers, name: layer}
        dependencies = {**self._graph.dependencies, name: set(self._graph.layers)}
        graph = HighLevelGraph(layers, dependencies)
        return Delayed(keys[0], graph, layer=name).compute()


def _words():
    """Give how this Dask writes a task and a reference to another one.

    Tuples do not do since 2024.12: of persisted blocks the graph of `to_delayed` is
    empty there, and a key that it does not have is taken for a value.
    """
    try:
        from dask._task_spec import Task, TaskRef
    except ImportError:
        return lambda key, *call: call, lambda key: key
    return Task, TaskRef


class _Given:
    """What tasks are given, which the graph does not look into."""

    def __init__(self, *values):
        self.values = values


def _call(shared, *part):
    function, _, given = shared.values
    X, y, weight = (x.values[0] if isinstance(x, _Given) else x for x in part)
    return function(X, y, weight, *given)


def _combine(shared, *results):
    found = [result for result in results if result is not None]
    return reduce(shared.values[1], found) if found else None
