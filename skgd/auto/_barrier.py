"""The path through the interior: one iteration of Mehrotra's method."""

from dataclasses import replace

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._orthogonal_factor import OrthogonalFactor, lacks_digits
from skgd.auto._wide_factor import WideFactor

_FAR = 100.0  # times what moves the predictions of all rows by their first spread
_MOST_DOUBT = 10.0  # of a gap: an estimate still, though not one to stop by
# A step of the predictor below which its second order, that of a whole step, says
# little: with all of it iterates came back to where they had been, for ever.
_SHORT = 0.05
# Once the path's gap is that share of the first one, solutions have to be exact, or
# slopes keep a gradient and bound nothing.
_LATE = 0.1
_DIGITS = 1e-6  # least pivot of a factor from which a Gram matrix has enough
_REFINEMENTS = 2  # of such solutions, where X is sparse


class Pieces:
    """Terms max of th r - gamma th^2 / 2 over -k- <= th <= k+, on the path.

    r = c - B u are residuals, r - gamma th = p - q with p, q > 0; th are the slopes of
    a bound, and v = k+ - th, w = k- + th > 0 their slacks. On the path p v = q w = mu.
    Where gamma = 0 the terms are k+ max(r, 0) + k- max(-r, 0).

    Parameters
    ----------
    center, above, below : ndarray of shape (n_pieces,)
        c, k+, k-.
    residual : ndarray of shape (n_pieces,)
        r at the start.
    spread, slack : float
        What p and q exceed the parts of r by at the start, and w, v at least.
    bounded : bool
        False: r <= 0 is a constraint (k+ is infinite), and p = 0.
    gamma : ndarray of shape (n_pieces,) or None
        None where it is zero; else positive.
    """

    def __init__(
        self, center, above, below, residual, spread, slack, bounded=True, gamma=None
    ):
        self.center, self.above, self.below = center, above, below
        self.gamma = gamma
        self.spread, self.bounded = spread, float(bounded)
        # p, q above v, w: products, ratios and steps are those of whole arrays.
        self.state = np.empty((4, len(center)))
        self.p, self.q, self.v, self.w = self.state
        self.delta = np.zeros_like(self.state)
        self.positive = slice(None) if bounded else slice(1, None, 2)  # rows
        self.q[:] = np.maximum(-residual, 0.0) + spread
        if bounded:
            self.p[:] = np.maximum(residual, 0.0) + spread
            self.v[:] = self.w[:] = 0.5 * (above + below)
        else:
            self.p[:], self.v[:] = 0.0, 1.0
            self.w[:] = below + slack
        self.count = len(center) * (1.0 + self.bounded)

    @property
    def dual(self):
        """Give th."""
        return self.w - self.below

    def value(self, residual) -> float:
        """Give the sum of the terms, a constraint's violation aside."""
        if self.gamma is not None:
            th = self._best(residual)
            return float(th @ (residual - 0.5 * self.gamma * th))
        above = np.maximum(residual, 0.0)
        value = self.below @ (above - residual)
        if self.bounded:
            value += self.above @ above
        return float(value)

    def _best(self, residual):
        return np.clip(residual / self.gamma, -self.below, self.above)

    def _missed(self, residual, th) -> float:
        """Give the terms less their bound by th, each of its two parts >= 0."""
        best = self._best(residual)
        apart, beyond = best - th, residual - self.gamma * best
        return float(apart @ (beyond + 0.5 * self.gamma * apart))

    def slack(self):
        """Give how far th is from its bounds where the move leads, from 0 to 1."""
        v, w = np.maximum(self.state[2:] + self.delta[2:], 0.0)
        if self.bounded:
            return 2.0 * np.minimum(v, w) / (self.above + self.below)
        return w / max(float(w.max()), 1e-300)

    def gap(self, residual):
        """Give the terms less their bound by the slopes the move leads to, clipped.

        Also these slopes.
        """
        # Over each sign apart: of a sum near zero no digit would be left.
        v, w = np.maximum(self.state[2:] + self.delta[2:], 0.0)
        if self.bounded:
            total = self.above + self.below
            w, v = np.minimum(w, total), np.minimum(v, total)
        else:
            v = self.below - w
        if self.gamma is not None:
            return self._missed(residual, w - self.below), w - self.below
        above = np.maximum(residual, 0.0)
        return float(w @ (above - residual) + v @ above), w - self.below

    def path_gap(self, residual):
        """Give the terms less their bound by the slopes as they are."""
        if self.gamma is not None:
            return self._missed(residual, self.dual)
        above = np.maximum(residual, 0.0)
        violated = self.v if self.bounded else -self.dual
        return float(self.w @ (above - residual) + violated @ above)

    def aim(self, residual):
        """Set out for mu = 0: give Th and Th r, what th becomes for du = 0."""
        p, q, v, w = self.state
        flat, wanted = p * w + q * v, residual
        if self.gamma is not None:
            flat, wanted = flat + self.gamma * v * w, residual - self.gamma * self.dual
        self.theta = v * w / flat
        self.infeasible = wanted - p + q
        self.goal = -self.state[:2] * self.state[2:]
        self.target = self.theta * wanted
        return self.theta, self.target

    def move(self, moved):
        """Set the changes of p, q, v, w for B du; give the longest step they allow."""
        state, delta = self.state, self.delta
        np.subtract(self.target, self.theta * moved, out=delta[3])
        np.multiply(delta[3], -self.bounded, out=delta[2])
        delta[:2] = (self.goal - state[:2] * delta[2:]) / state[2:]
        shrink = (delta[self.positive] / state[self.positive]).min(initial=0.0)
        return 1.0 / max(-float(shrink), 1e-300)

    def products(self, step) -> float:
        """Give p'v + q'w after a step."""
        end = self.state + step * self.delta
        return float(np.vdot(end[:2], end[2:]))

    def correct(self, mu, share):
        """Aim at mu, with a share of the last move's second order; give Th rhs."""
        state, delta = self.state, self.delta
        self.goal = mu - state[:2] * state[2:] - share * delta[:2] * delta[2:]
        self.goal[0] *= self.bounded
        to_p, to_q = self.goal / state[2:]
        self.target = self.theta * (self.infeasible - to_p + to_q)
        return self.target

    def step(self, step):
        """Take a step of the last move."""
        self.state += step * self.delta


class _RefinedFactor:
    """The Cholesky factor of H, whose solutions are refined."""

    def __init__(self, H, factor):
        self._H, self._factor = H, factor

    def solve(self, g):
        """Give H^-1 g."""
        x = self._factor.solve(g)
        for _ in range(_REFINEMENTS):
            x += self._factor.solve(g - self._H @ x)
        return x


class Barrier:
    """min over u of sum of pieces(c - B u) + u' M u / 2 + linear' u, by iterations.

    Parameters
    ----------
    bridge : Bridge
        B of the samples' pieces.
    samples, extra : Pieces
        Of the rows, and of single coefficients `at` (B = those of the unit matrix).
    at : ndarray of int
        Positions in u.
    ridge, linear : ndarray of shape (len(u),)
        M (diagonal), and a slope.
    u : ndarray
        The start.
    by_rows : bool
        Whether systems of few rows are reduced to them, which is quick, but less exact
        near the end of a path.
    """

    def __init__(self, bridge, samples, extra, at, ridge, linear, u, by_rows=True):
        self.bridge, self.samples, self.extra, self.at = bridge, samples, extra, at
        self.ridge, self.linear, self.u = ridge, linear, u
        self.blocks = [samples, extra] if len(at) else [samples]
        self.raw, self.last = bridge.matvec(u), np.full(len(u), np.inf)
        n = bridge.view.n_rows
        size = np.sqrt(np.maximum(bridge.squares(np.full(n, 1.0 / n)), 0.0))
        self.rows = WideFactor.rows_of(bridge) if by_rows else None
        self.farthest = np.full_like(size, np.inf)
        np.divide(_FAR * samples.spread, size, out=self.farthest, where=size > 0.0)
        self.first_gap = 0.0
        self._look()

    def _look(self):
        """Measure where u is, and where its tangent to the optimum would end."""
        self.values: dict[float, float] = {}  # of `value`, until u moves
        self.residuals = [self.samples.center - self.raw]
        if len(self.at):
            self.residuals.append(self.extra.center - self.u[self.at])
        aims = self._each(Pieces.aim, self.residuals)
        slopes, pull = self.bridge.rmatvec(self.samples.dual, aims[0][1])
        self.gradient = self.ridge * self.u + self.linear - slopes
        if len(self.at):
            self.gradient[self.at] -= self.extra.dual
        more = self.ridge.copy()
        if len(self.at):
            more[self.at] += aims[1][0]
        self.factor = self._factor(aims[0][0], more)
        rhs = pull - self.gradient
        if len(self.at):
            rhs[self.at] += aims[1][1]
        self.tangent = self.factor.solve(rhs)
        self.moved = self._moved(self.tangent)
        self.predicted = self._longest(self.moved, 1.0)

    def _factor(self, theta, more):
        """Factor B' diag(theta) B + diag(more); set the size of typical steps."""
        bridge, ridge = self.bridge, more[: len(self.bridge.columns)]
        if self.rows is not None and (ridge > 0.0).all():
            theta = bridge.of_rows(theta)
            self._set_typical(bridge.squares(theta) / theta.sum())
            return WideFactor(self.rows, theta, ridge, bridge.intercept)
        hessian = bridge.gram(theta)
        diagonal = np.einsum("ii->i", hessian)
        self._set_typical(diagonal / theta.sum())
        diagonal += more
        factor, gap = Factor(hessian), self.gap()
        self.first_gap = max(self.first_gap, gap)
        if gap > _LATE * self.first_gap:
            return factor
        once, theta = replace(bridge, copies=1), bridge.of_rows(theta)
        if not OrthogonalFactor.suits(once):
            enough = factor.least_pivot > _DIGITS
            return factor if enough else _RefinedFactor(hessian, factor)
        rough = lacks_digits(factor, once, theta, _DIGITS)
        return OrthogonalFactor(once, theta, more) if rough else factor

    def _set_typical(self, variance):
        size = np.sqrt(np.maximum(variance, 0.0))
        self.typical = np.zeros_like(size)
        np.divide(self.samples.spread, size, out=self.typical, where=size > 0.0)
        # A column that only rows far from a kink have: its size there is next to none.
        self.typical = np.minimum(self.typical, self.farthest)

    def _each(self, method, arguments):
        return [method(b, x) for b, x in zip(self.blocks, arguments, strict=True)]

    def _moved(self, du):
        moved = [self.bridge.matvec(du)]
        return moved + ([du[self.at]] if len(self.at) else [])

    def _longest(self, moved, share):
        return min(1.0, share * min(self._each(Pieces.move, moved)))

    def value(self, step) -> float:
        """Give the objective after a step of the tangent, constraints aside."""
        if step not in self.values:
            pairs = zip(self.blocks, self.residuals, self.moved, strict=True)
            pieces = sum(b.value(r - step * m) for b, r, m in pairs)
            u = self.u + step * self.tangent
            self.values[step] = pieces + float((0.5 * self.ridge * u + self.linear) @ u)
        return self.values[step]

    def bounds(self, accuracy):
        """Give three numbers below all objectives: for sure, likely, perhaps.

        The first is by the slopes of the path. The others are by those at the tangent's
        end, clipped: far sharper if few rows are near a kink. Where slopes leave a
        gradient g, g'(u - u*) - (u - u*)' M (u - u*) / 2 is taken off. Of u - u* all
        that is known is the tangent, the last step, and what moves the predictions by
        as much as they were wrong at the start; the last counts until g is next to
        nothing. What stays within `accuracy` is trusted.
        """
        trio = list(zip(self.blocks, self.residuals, self.moved, strict=True))
        tangent = np.abs(self.tangent)
        reach = tangent + np.abs(self.last)
        gap = sum(b.path_gap(r) for b, r, _ in trio)
        feared = self._left(self.gradient, reach + self.typical + np.abs(self.u))
        sure = self.value(0.0) - gap - feared
        gaps = [b.gap(r - m) for b, r, m in trio]
        (slopes,) = self.bridge.rmatvec(gaps[0][1])
        left = self.ridge * (self.u + self.tangent) + self.linear - slopes
        if len(self.at):
            left[self.at] -= gaps[1][1]
        gap_there, doubt = sum(gap for gap, _ in gaps), self._left(left, tangent)
        perhaps = self.value(1.0) - gap_there - doubt
        if doubt > _MOST_DOUBT * gap_there + accuracy:
            perhaps = -np.inf
        trusted = self._left(left, reach) <= gap_there + accuracy
        trusted &= feared <= gap + accuracy
        return sure, perhaps if trusted else -np.inf, perhaps

    def _left(self, gradient, reach) -> float:
        """Give the most of g'x - x' M x / 2 over |x| <= reach."""
        size = np.abs(gradient)
        x = np.minimum(
            reach, np.divide(size, self.ridge, where=self.ridge > 0, out=reach.copy())
        )
        return float(x @ (size - 0.5 * self.ridge * x))

    def gap(self) -> float:
        """Give p'v + q'w, what the path brings to zero."""
        return sum(b.products(0.0) for b in self.blocks)

    def iterate(self) -> float:
        """Take a step of predictor and corrector; give its length.

        References
        ----------
        S. Mehrotra, On the implementation of a primal-dual interior point method,
        SIAM J. Optimization 2 (1992), 575-601.
        M. Colombo, J. Gondzio, Further development of multiple centrality correctors
        for interior point methods, Comput. Optim. Appl. 41 (2008), 277-305.
        """
        count = sum(b.count for b in self.blocks)
        mu = self.gap() / count
        if not mu > 0.0:  # the path has ended
            return 0.0
        left = sum(b.products(self.predicted) for b in self.blocks) / count
        aim = (max(left, 0.0) / mu) ** 3 * mu
        share = self.predicted if self.predicted < _SHORT else 1.0
        targets = [b.correct(aim, share) for b in self.blocks]
        (pull,) = self.bridge.rmatvec(targets[0])
        rhs = pull - self.gradient
        if len(self.at):
            rhs[self.at] += targets[1]
        du = self.factor.solve(rhs)
        moved = self._moved(du)
        step = self._longest(moved, 0.995)
        for block in self.blocks:
            block.step(step)
        self.u, self.last = self.u + step * du, du
        self.raw = self.raw + step * moved[0]
        self._look()
        return step
