"""How F has fallen, epoch by epoch, and what that says is left."""

from bisect import bisect_right

import numpy as np

from skgd.auto._outlook import WINDOW, Hindsight, after_warm_start

# Shares of the last decrement: what a Newton step leaves at most, and by how much F may
# have fallen by another amount; and times the next one that is to be reckoned with if
# it is otherwise. Of 4320 fits to near-separable rows F - F* was up to 18 times that;
# with this the estimate is below a third of it in 5, not 31.
_LEFT, _OFF, SURPRISE = 0.05, 0.3, 5.0
_SLOWEST = 0.9  # contraction an epoch that an estimate allows for
# Where rows cross kinks of l' for ever: times what a quarter of the epochs has gained
# that may be left, and epochs before that counts. Enough if F - F* falls as k^-1/3.
RESTING, _FEWEST_RESTING = 10.0, 60


class Falls:
    """The objectives, passes and decrements of a smooth loss's epochs.

    Parameters
    ----------
    task : Task
        What is minimised.
    warm : bool
        Whether the first of them is of a model that is not zero.

    Attributes
    ----------
    objectives : list of float
        F at each look.
    spent : int
        Passes over X.
    window : float
        What the last of them gained, at the last look at that.
    """

    def __init__(self, task, warm):
        self._loss, self._warm = task.loss, warm
        self.objectives: list[float] = []
        self._passes: list[int] = []  # up to each of them
        self._decrements: dict[int, float] = {}  # half g' P^-1 g, by epoch
        self._hindsight = Hindsight()
        self.spent, self.window = 0, np.inf

    def __len__(self):
        return len(self.objectives)

    def add(self, objective):
        """Add what a pass has found."""
        self.spent += 1
        self.objectives.append(objective)
        self._passes.append(self.spent)

    def spend(self, passes):
        """Count passes that were made beside those of epochs."""
        self.spent += passes

    def note(self, decrement):
        """Note, or correct, what P promises at the last look."""
        self._decrements[len(self)] = decrement

    def forget_decrements(self):
        """Forget those of another kind of P."""
        self._decrements.clear()

    def remaining(self, decrement, caution, joint) -> float:
        """Give what this and the coming steps bring, from the rate at which they fall.

        Where rows still cross a kink of l', each step brings but a part.

        Parameters
        ----------
        decrement : float
            What P promises, which is noted.
        caution : float
            Times that which P of sampled rows is to be taken for.
        joint : bool
            Whether P is of all classes.
        """
        self.note(decrement)
        before = self._decrements.get(len(self) - 2, 0.0)
        rate = 0.0
        if before > 0.0 and decrement > 0.0:
            rate = min((decrement / before) ** 0.5, _SLOWEST)
        more = 1.0 / (1.0 - rate)
        if self.surprised(caution):
            more = max(more, SURPRISE)
        left = decrement * more * caution
        if self._loss.n_outputs == 1 or joint:
            return left
        return left * self._hindsight.ratio(len(self), self.objectives[-1], left)

    def surprised(self, caution) -> bool:
        """Tell whether the last step did something else than a Newton step would.

        Where rows are far on their side the curvature grows on the way. That rows cross
        kinks of l', or that P is of sampled rows, is allowed for elsewhere.
        """
        now = len(self)
        before = self._decrements.get(now - 1)
        if before is None or self._loss.piecewise or caution > 1.0:
            return False
        gain = self.objectives[-2] - self.objectives[-1]
        left = self._decrements[now]
        return left > _LEFT * before or abs(gain - before) > _OFF * before

    def gained_lately(self, bound, part) -> float:
        """Give what may be left as far as the gains of the last passes tell.

        Parameters
        ----------
        bound : float
            Of F - F*, or infinity.
        part : int
            Of how many parts of all passes the last one counts.
        """
        begin = self._passes[-1] - max(WINDOW, self._passes[-1] // part)
        past = self.objectives[max(bisect_right(self._passes, begin) - 1, 0)]
        self.window = past - self.objectives[-1]
        if not self._warm:
            return self.window
        gains = -np.diff(self.objectives)
        return after_warm_start(self.window, bound, gains, self._loss.piecewise)

    def ends_by(self, needed) -> bool:
        """Tell whether little is left if F goes on falling as in the last epochs."""
        past = self.objectives
        lag = min(2, (len(past) - 1) // 2)
        if not lag:
            return False
        last = past[-1 - lag] - past[-1]
        before = past[-1 - 2 * lag] - past[-1 - lag]
        return last * last <= needed * (before - last)

    def rests(self, needed) -> bool:
        """Tell whether a quarter of many epochs has gained next to nothing."""
        return len(self) >= _FEWEST_RESTING and RESTING * self.window <= needed
