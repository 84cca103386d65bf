"""The optimum of a problem, by high-precision solvers that share nothing with skgd.

    from objective import Problem
    from optimum import optimum, relative_suboptimality
    problem = Problem(X, y, "hinge", "l2", alpha=1e-4)
    best = optimum(problem)   # value, null objective, certificate; kept in the cache
    relative_suboptimality(problem, coef, intercept)

Log loss goes by (proximal) Newton, every other loss by an interior point method; on
wide sparse X by an augmented Lagrangian with conjugate gradients, or for l1 by HiGHS
where the loss is straight between its kinks, else by Newton or the interior point on a
working set of columns; all in centred and scaled coordinates. The
certificate is a bound on (F - F*) / (F_null - F*), or for log loss on dense X an
estimate of it: the gain that the last Newton model promised.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass

import interior_point
import linear_program
import multipliers
import newton
import numpy as np
import working_set
from datasets import cache_folder
from interior_point import Boxes
from objective import KINKED, Pieces, null_intercept, null_objective, objective
from scaled_design import Scaled, Stack
from scipy import sparse

VERSION = 2  # of the solvers: part of the key of what is kept
WIDE = 6000  # columns from which sparse X is left to conjugate gradients
LIMIT = 600.0  # seconds after which wide problems end with the certificate they have
FLOOR = 1e-12  # of F_null: the least that F_null - F* counts as


@dataclass
class Optimum:
    """What is known of the minimum."""

    value: float
    null: float  # F of the best constant model
    certificate: float  # relative to null - value, as all suboptimalities
    method: str
    seconds: float

    @property
    def range(self):
        """F_null - F*, with a floor."""
        return max(self.null - self.value, FLOOR * abs(self.null))


def key_of(problem):
    """Give a digest of everything that decides the optimum."""
    digest = hashlib.blake2b(digest_size=12)
    X = problem.X
    arrays = [X.data, X.indices, X.indptr] if sparse.issparse(X) else [X]
    arrays += [problem.y, problem.weight]
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    numbers = problem.ridge, problem.l1, problem.positive, VERSION
    own = {
        "huber": problem.epsilon,
        "epsilon_insensitive": problem.epsilon,
        "squared_epsilon_insensitive": problem.epsilon,
        "quantile": problem.quantile,
    }
    digest.update(repr((problem.loss, own.get(problem.loss), *numbers)).encode())
    return digest.hexdigest()


def stacked(problem, design):
    """Give rows, terms and quadratic of the problem in scaled coordinates."""
    l1 = design.per_coefficient(problem.l1, 1)
    M = design.per_coefficient(problem.ridge, 2)
    bounded = np.arange(design.size - 1) if problem.positive or problem.l1 else []
    bounded = np.asarray(bounded, dtype=int)
    lam = l1[bounded]
    low = np.full(len(lam), -np.inf) if problem.positive else -lam
    zero = np.zeros(len(lam))
    if problem.loss == "log_loss":
        return Stack(design, 1, bounded, design.size), Boxes(zero, low, lam, zero), M
    pieces = Pieces.of(problem)
    rows = (pieces.centre, pieces.low, pieces.high, pieces.kappa)
    pairs = zip(rows, (zero, low, lam, zero), strict=True)
    boxes = Boxes(*(np.concatenate([a.ravel(), b]) for a, b in pairs))
    return Stack(design, len(pieces.centre), bounded, design.size), boxes, M


def minimise_wide(problem, design, start, null):
    """Give u, F there, a bound on F - F* and the method, on wide sparse X."""
    stack, boxes, M = stacked(problem, design)
    deadline = time.process_time() + LIMIT
    limits = start, null
    only_l1 = problem.l1 and not problem.ridge
    if only_l1 and problem.loss in KINKED:
        found = linear_program.minimise(problem, stack, boxes, M, LIMIT)
        if found:
            return *found, "linear program"
    if only_l1:
        posed = problem, design, stacked
        found = working_set.minimise(*posed, *limits, deadline=deadline)
        return *found, "working set"
    posed = problem, stack, boxes, M
    found = multipliers.minimise(*posed, *limits, deadline=deadline)
    return *found, "multipliers"


def solve(problem):
    """Give F*, a bound on the error of it, and the method."""
    used = problem.weight > 0
    if not used.all():
        raise ValueError("Leave out the rows of weight zero.")
    design = Scaled(problem.X)
    start, null = null_intercept(problem), null_objective(problem)
    wide = sparse.issparse(problem.X) and design.size > WIDE
    if problem.loss == "log_loss" and not wide:
        u, value, bound = newton.minimise(problem, design, start, null)
        method = "newton"
        u = u if problem.is_softmax else u[0]
    elif wide:
        u, value, bound, method = minimise_wide(problem, design, start, null)
    else:
        method = "interior point"
        solver = interior_point.InteriorPoint(*stacked(problem, design))
        first = np.zeros(design.size)
        first[-1] = start
        u, value, bound = solver.solve(
            first, lambda now: 1e-12 * max(null - now, FLOOR * null)
        )
    if problem.positive:
        u[..., :-1] = np.maximum(u[..., :-1], 0)
    reached = objective(problem, *design.to_raw(u))
    least = min(value, reached, null)
    return least, max(bound - (value - least), 0.0), method


def optimum(problem, keep=True):
    """Give the Optimum of a problem, from the cache if it was found before."""
    if problem.n_classes > 2 and not problem.is_softmax:
        parts = [optimum(part, keep) for part in problem.against_rest()]
        value, null, seconds = (
            sum(getattr(part, name) for part in parts)
            for name in ("value", "null", "seconds")
        )
        bound = sum(part.certificate * part.range for part in parts)
        whole = Optimum(value, null, 0.0, parts[0].method, seconds)
        whole.certificate = bound / whole.range
        return whole
    folder = cache_folder() / "optima"
    path = folder / f"{key_of(problem)}.json"
    if keep and path.exists():
        return Optimum(**json.loads(path.read_text()))
    begin = time.perf_counter()
    value, bound, method = solve(problem)
    found = Optimum(value, null_objective(problem), 0.0, method, 0.0)
    found.certificate = bound / found.range
    found.seconds = round(time.perf_counter() - begin, 3)
    if keep:
        folder.mkdir(exist_ok=True)
        part = path.with_suffix(f".{np.random.default_rng().integers(2**32)}")
        part.write_text(json.dumps(asdict(found)))
        part.replace(path)
    return found


def relative_suboptimality(problem, coef, intercept, best=None):
    """Give (F - F*) / (F_null - F*): 0 at the optimum, 1 at the best constant.

    A difference within the rounding of F counts as none. It is negative where F is
    below the F* that was found.
    """
    best = best or optimum(problem)
    gap = objective(problem, coef, intercept) - best.value
    return 0.0 if abs(gap) <= 1e-14 * abs(best.value) else gap / best.range
