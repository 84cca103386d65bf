"""Descents with several learning rates: how they go, and which rates to show."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context

import numpy as np
from sklearn.base import clone

from skgd._parameters import AUTO
from skgd.display._recorded import ROUNDING, Landscape, record
from skgd.textbook._stability import largest_stable_rate

ROOM = 1.3  # times the start's height above the optimum: what is shown
_STABLE = 0.98  # of the largest rate that is stable for sure: where the search begins
_CLIFF = 1.05  # of it: the next one, if that was not too large
_STRIDE = 2.0  # times the last: each of the others
_SEARCH = 40  # rates tried at most
_FURTHER = 6  # tried at most beyond the first that is too large, for one that diverges
_GOOD = 0.1  # of the largest that is not too large
_CRAWL = 0.002  # of it; a tenth of that, and so on, if it does not crawl
_TENTHS = 6
_LEAVES = 0.5  # of what there was to gain: what a crawl leaves
_TURNS = 0.5  # of the steps: more of them against the last one is an oscillation
_DOWN = 0.7  # of the height of its first half: what a descent that comes down is at
_SMALL = 1e-3  # of the largest step: steps that do not count


class Trials:
    """Descents on one objective: F after each epoch, and how they went."""

    def __init__(self, textbook, X, y, sample_weight):
        self.textbook = textbook
        self.land = Landscape(textbook, X, y, sample_weight)
        self.objective: dict[str, np.ndarray] = {}
        self.verdict: dict[str, str] = {}
        self._tried: dict[float, tuple[np.ndarray, str]] = {}

    def add(self, name, run):
        """Keep a run, to be shown."""
        self.objective[name], self.verdict[name] = run

    def trial(self, eta0):
        """Give F after each epoch with a rate, and the verdict."""
        if eta0 not in self._tried:
            self._tried[eta0] = self.run(clone(self.textbook).set_params(eta0=eta0))
        return self._tried[eta0]

    def run(self, model):
        """Give F after each epoch of a descent, and the verdict."""
        recorded = record(model, self.land)
        values = np.array([self.land.objective(*seen) for seen in recorded.seen])
        values = np.where(np.isfinite(values), values, np.inf)
        if recorded.diverged:
            values = np.append(values, np.inf)
        turns = model.learning_rate != AUTO and _turns(recorded.seen)
        return values, self._verdict(values, turns)

    def telling_rates(self):
        """Give a rate that crawls, a good one, the largest one, and one too large."""
        fine, too_large = self._cliff()
        crawl = _rounded(_CRAWL * fine)
        for _ in range(_TENTHS):
            if self.trial(crawl)[1] == "crawls":
                break
            crawl = _rounded(0.1 * crawl)
        rates = [crawl, _rounded(_GOOD * fine), fine, too_large]
        return list(dict.fromkeys(rates))

    def _cliff(self):
        """Give the last rate that is not too large, and one that is."""
        stable = self._stable_rate()
        fine = _rounded(_STABLE * stable, ROUND_DOWN)
        eta0 = _rounded(_CLIFF * stable, ROUND_UP)
        while self._is_too_large(fine):
            fine, eta0 = _rounded(fine / _STRIDE, ROUND_DOWN), fine
        for _ in range(_SEARCH):
            if self._is_too_large(eta0):
                break
            fine, eta0 = eta0, _rounded(eta0 * _STRIDE)
        return fine, self._diverging(eta0)

    def _diverging(self, too_large):
        """Give the next rate that diverges, if one is near, or the one given.

        Where the slope of the loss is bounded the first rates only overshoot.
        """
        eta0 = too_large
        for _ in range(_FURTHER):
            if self.trial(eta0)[1] == "diverges":
                return eta0
            eta0 = _rounded(eta0 * _STRIDE)
        return too_large

    def _is_too_large(self, eta0):
        """Tell whether a descent leaves the picture."""
        values, _ = self.trial(eta0)
        return values.max() > self.land.least + ROOM * (values[0] - self.land.least)

    def _stable_rate(self):
        """Give a rate that is stable wherever the descent goes, or a guess."""
        model, problem = clone(self.textbook), self.land.problem
        rate = largest_stable_rate(model, problem)
        if np.isfinite(rate):
            return rate
        size = problem.design.largest_squared_norm(problem.rows)
        return 1.0 / (size + 1.0)

    def _verdict(self, values, turns):
        """Say in a word how a descent went; `turns`: whether it went to and fro."""
        end = values[-1]
        start = next(iter(self.objective.values()), values)[0]
        limit = start + ROUNDING * abs(start)
        if end > limit and not self._comes_down(values):
            return "diverges"
        if values.max() > limit:
            return "overshoots"
        if turns:
            return "oscillates"
        if end - self.land.least > _LEAVES * (start - self.land.least):
            return "crawls"
        return "descends"

    def _comes_down(self, values):
        """Tell whether the second half of a descent is far lower than the first."""
        earlier, later = np.array_split(values[1:], 2)
        if not (len(later) and np.isfinite(values).all()):
            return False
        height = earlier.mean() - self.land.least
        return later.mean() - self.land.least < _DOWN * height


def _turns(seen):
    """Tell whether most steps go against the one before."""
    models = np.array([np.append(coef.ravel(), b) for coef, b in seen])
    moves = np.diff(models, axis=0)
    sizes = np.linalg.norm(moves, axis=1)
    counts = sizes[1:] > _SMALL * sizes.max(initial=0.0)
    turns = (moves[1:] * moves[:-1]).sum(axis=1) < 0.0
    return bool(counts.any() and np.mean(turns[counts]) > _TURNS)


def _rounded(eta0, rounding=ROUND_HALF_EVEN):
    """Give a rate that can be told in two digits, on the side of a limit it is on."""
    return float(Context(prec=2, rounding=rounding).create_decimal_from_float(eta0))
