"""Solvers racing to a given accuracy on one problem.

Every solver's budget (a tolerance, or iterations) grows until its relative
suboptimality (F - F*) / (F_null - F*) is below the targets; the first budgets that get
there are then timed in turn with those of the others.
"""

import os
import time
from dataclasses import dataclass, field

import numpy as np
from objective import Problem
from optimum import relative_suboptimality
from peers import PEERS, SKGD, Peer
from scipy import sparse
from threads import THREADS

TARGETS = 1e-2, 1e-4, 1e-6
LAPS = 3
QUICK = 0.02  # seconds: a quicker fit is timed thrice a lap
BELOW = 1e-7  # of F_null - F*: nothing may be that far below F*
CONTENDER = 3.0  # times the fastest: a slower one is not timed again
PATIENCE = 20  # times skgd's time to the last target are left to a peer's search,
OWN = 20  # times --seconds are left to skgd's own, which sets the limit of the others
LEAST = 0.1  # but this many seconds at least, and the option --seconds at most
WARM = set()  # of peers that have run, and the kind of X


def timed(peer, problem, budget):
    """Give the model of a fit and its seconds: of wall or of CPU, the smaller.

    With one thread they differ by what other processes took; with more it is the wall.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    model = peer.fit(problem, budget)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return model, min(wall, cpu) if THREADS == 1 else wall


@dataclass
class Race:
    """One solver on one problem: the first budgets that reach the targets."""

    peer: Peer
    problem: Problem
    best: object  # the Optimum
    budgets: dict = field(default_factory=dict)  # of each target
    seconds: dict = field(default_factory=dict)  # of each budget, one a lap
    n_iter: dict = field(default_factory=dict)  # of each budget
    gap_reached: float = np.inf
    defaults: tuple | None = None  # gap and seconds of the package's own tolerance
    error: str | None = None

    def attempt(self, budget):
        """Give the gap and the seconds of a fit."""
        model, seconds = timed(self.peer, self.problem, budget)
        given = isinstance(model, tuple)
        coef, intercept = model if given else (model.coef_, model.intercept_)
        self.n_iter[budget] = int(np.max(getattr(model, "n_iter_", 0) or 0))
        gap = relative_suboptimality(self.problem, coef, intercept, self.best)
        if gap < -max(BELOW, self.best.certificate):
            raise ValueError(f"F is below F*, by {-gap:.0e}: another problem is solved")
        return max(gap, 0.0) + self.best.certificate, seconds  # a bound

    def search(self, limit):
        """Let the budget grow until the targets are met or the time is up."""
        spent = 0.0
        try:
            kind = self.peer, sparse.issparse(self.problem.X)
            if kind not in WARM:  # it may import or compile
                WARM.add(kind)
                self.attempt(self.peer.budgets[0])
            for budget in self.peer.budgets:
                gap, seconds = self.attempt(budget)
                spent += seconds
                self.gap_reached = min(self.gap_reached, gap)
                for target in TARGETS:
                    if gap <= target and target not in self.budgets:
                        self.budgets[target] = budget
                        self.seconds[budget] = [seconds]
                if budget == self.peer.default:
                    self.defaults = gap, seconds
                if len(self.budgets) == len(TARGETS) or spent > limit:
                    break
            if self.defaults is None and self.peer.default and spent <= limit:
                self.defaults = self.attempt(self.peer.default)
        except Exception as error:  # another package's: it is reported, not ours
            self.error = f"{type(error).__name__}: {error}"[:100].replace("\n", " ")

    def lap(self, budget, number):
        """Time fits with a budget, and keep their median as that of a lap."""
        kept = []
        for _ in range(3):
            kept.append(timed(self.peer, self.problem, budget)[-1])
            if kept[-1] > QUICK:
                break
        laps = self.seconds[budget]
        laps[number:] = [float(np.median(kept))]  # the first is that of the search

    def times(self, target):
        """Give the seconds to the target, one a lap, or infinity."""
        return self.seconds.get(self.budgets.get(target), [np.inf])

    def at(self, target):
        """Give the median seconds to the target, or infinity."""
        return float(np.median(self.times(target)))


def race(problem, best, limit):
    """Give skgd's race and its peers' on a problem."""
    own = Race(SKGD, problem, best)
    own.search(OWN * limit)
    last = own.at(min(own.budgets)) if own.budgets else np.inf
    limit = min(max(PATIENCE * last, LEAST), limit)
    peers = [x for x in PEERS if x.suits(problem) and x.installed()]
    races = [own, *(Race(peer, problem, best) for peer in peers)]
    for other in races[1:]:
        other.search(limit)
    fastest = {
        target: min(x.at(target) for x in races[1:] or races) for target in TARGETS
    }
    again = {
        (index, budget)
        for index, one in enumerate(races)
        for target, budget in one.budgets.items()
        if one is own or one.at(target) <= CONTENDER * fastest[target]
    }
    for number in range(LAPS):
        for index, budget in sorted(again):
            races[index].lap(budget, number)
    return races


def best_peer(races, target):
    """Give the race of the fastest peer to a target, or None if none gets there."""
    found = min(races[1:], key=lambda one: one.at(target), default=None)
    return found if found and np.isfinite(found.at(target)) else None


def cpus():
    """Pin this process to as many of the cores it may use as it has threads."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, set(allowed[-THREADS:]))
