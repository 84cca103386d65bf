"""Time softmax of 20 000 x 784, ten classes, to a given accuracy on raw data.

    python benchmarks/softmax.py                          # all: about 15 minutes
    python benchmarks/softmax.py --only images --alphas 1e-4 --seconds 30

Three generated sets, in units of pixels but for the first: independent normal columns;
smooth random fields, dark towards the edges; scikit-learn's digits enlarged to 28 x 28,
moved, with noise and 2 % of the labels wrong, 91 columns constant.

Each solver's budget (tol, or iterations) grows until (F - F*) / (F_null - F*) is below
a target, or a fit takes longer than `--seconds`; then the fits that reached a target
are repeated in turn, and the median of the processor's time is shown. F* is the lowest
objective of all fits and of one of skgd with a tol of 1e-5; a line after each
problem says how far any other solver got below that.
"""

import os

os.environ.update({f"{x}_NUM_THREADS": "1" for x in ("OPENBLAS", "OMP", "MKL")})

import time
import warnings

import numpy as np
from more_peer_calls import n_alpha
from objective import Problem, null_objective, objective
from peer_calls import cyanure
from peers import PEERS
from report import Figure, Table, parser, save
from scipy.ndimage import gaussian_filter, zoom
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skgd import GDClassifier

ROWS, SIDE, CLASSES = 20_000, 28, 10
TARGETS = 1e-2, 1e-4
REPEATS = 3


def normal(rng):
    """Give independent columns, and classes of a linear model."""
    X = rng.normal(size=(ROWS, SIDE * SIDE))
    z = 0.1 * X @ rng.normal(size=(SIDE * SIDE, CLASSES))
    return X, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def fields(rng):
    """Give smooth fields about a mean for each class, dark towards the edges."""
    means = gaussian_filter(rng.normal(size=(CLASSES, SIDE, SIDE)), (0, 3, 3))
    y = rng.integers(0, CLASSES, ROWS)
    noise = gaussian_filter(rng.normal(size=(ROWS, SIDE, SIDE)), (0, 2, 2))
    light = np.exp(-(((np.arange(SIDE) - (SIDE - 1) / 2) / 7) ** 2))
    X = 0.35 * means[y] / means.std() + noise / noise.std()
    X = np.clip((128 * X * np.outer(light, light)).round(), 0, 255)
    return X.reshape(ROWS, -1), y


def images(rng):
    """Give scikit-learn's digits, enlarged and moved, with noise."""
    digits = load_digits()
    large = np.stack([zoom(image, 2.5, order=1) for image in digits.images])
    chosen = rng.integers(0, len(large), ROWS)
    X = np.zeros((ROWS, SIDE, SIDE))
    corners = np.clip(rng.normal(4, 1, size=(ROWS, 2)).round().astype(int), 0, 8)
    for image, which, (i, j) in zip(X, chosen, corners, strict=True):
        image[i : i + 20, j : j + 20] = large[which] * rng.uniform(0.7, 1.1)
    X *= 255 / 16
    X += (X > 0) * rng.normal(0, 20, size=X.shape)
    y = digits.target[chosen]
    wrong = rng.random(ROWS) < 0.02
    y[wrong] = rng.integers(0, CLASSES, wrong.sum())
    return np.clip(X.round(), 0, 255).reshape(ROWS, -1), y


SETS = {"normal": normal, "fields": fields, "images": images}


def skgd(problem, tol):
    """Give a fit with nothing set but alpha and tol."""
    return GDClassifier(alpha=problem.alpha, tol=tol).fit(problem.X, problem.y)


def lbfgs(problem, iterations):
    """Give scikit-learn's default."""
    model = LogisticRegression(C=1 / n_alpha(problem), tol=0, max_iter=iterations)
    return model.fit(problem.X, problem.y)


def scaled_lbfgs(problem, iterations):
    """Give the same behind a scaler, in raw units: its penalty is another one."""
    scaler = StandardScaler().fit(problem.X)
    model = LogisticRegression(C=1 / n_alpha(problem), tol=0, max_iter=iterations)
    model.fit(scaler.transform(problem.X), problem.y)
    model.coef_ = model.coef_ / scaler.scale_
    model.intercept_ = model.intercept_ - model.coef_ @ scaler.mean_
    return model


def newton_cholesky(problem, iterations):
    """Give Newton's method, whose Hessian has 7850 columns."""
    C, solver = 1 / n_alpha(problem), "newton-cholesky"
    model = LogisticRegression(C=C, solver=solver, tol=0, max_iter=iterations)
    return model.fit(problem.X, problem.y)


STEPS = 3, 5, *(round(10 * 2 ** (k / 2)) for k in range(16))
SOLVERS = {
    "skgd": (skgd, TARGETS),
    "lbfgs": (lbfgs, STEPS),
    "StandardScaler + lbfgs": (scaled_lbfgs, STEPS),
    "newton-cholesky": (newton_cholesky, (1, 2, 4, 8)),
    "cyanure": (cyanure, tuple(10.0**-k for k in range(1, 9))),
}


def timed(solver, problem, budget):
    """Give F and the processor's seconds of a fit."""
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = solver(problem, budget)
    seconds = time.process_time() - begin
    coef, intercept = (
        model if isinstance(model, tuple) else (model.coef_, model.intercept_)
    )
    return objective(problem, coef, intercept), seconds


def searched(solver, budgets, problem, lowest, limit):
    """Give (budget, F, seconds) of fits until the last target is met, or time is up."""
    fits = []
    for budget in budgets:
        fits.append((budget, *timed(solver, problem, budget)))
        gap = (fits[-1][1] - lowest) / (null_objective(problem) - lowest)
        print(
            f"  {solver.__name__} {budget:g}: {gap:.1e} {fits[-1][2]:.1f} s", flush=True
        )
        if gap <= TARGETS[-1] or fits[-1][2] > limit:
            break
    return fits


def race(problem, solvers, limit):
    """Give a row of the table for each solver, and how far any got below skgd."""
    reference = skgd(problem, 1e-5)
    least = objective(problem, reference.coef_, reference.intercept_)
    fits = {name: searched(*SOLVERS[name], problem, least, limit) for name in solvers}
    lowest = min(least, *(fit[1] for own in fits.values() for fit in own))
    null = null_objective(problem)
    first = {
        (name, target): next(
            (x for x in own if (x[1] - lowest) / (null - lowest) <= target), None
        )
        for name, own in fits.items()
        for target in TARGETS
    }
    seconds = {key: [] for key in first}
    for _ in range(REPEATS):
        for key, found in first.items():
            if found is not None and found[2] <= limit / 2:
                seconds[key].append(timed(SOLVERS[key[0]][0], problem, found[0])[1])
    rows = []
    for name, own in fits.items():
        row = [name]
        for target in TARGETS:
            found = first[name, target]
            times = seconds[name, target] or ([found[2]] if found else [])
            shown = f"{np.median(times):.2f}" if times else "none"
            row.append(Figure(shown, times))
        least_gap = min((x[1] - lowest) / (null - lowest) for x in own)
        rows.append([*row, f"{least_gap:.0e}", f"{max(x[2] for x in own):.1f}"])
    return rows, (least - lowest) / (null - lowest)


def main():
    """Race on what was asked for and print the table."""
    made = parser(__doc__)
    made.add_argument("--only", nargs="*", choices=SETS, default=list(SETS))
    made.add_argument("--alphas", nargs="*", type=float, default=[1e-2, 1e-4, 1e-6])
    made.add_argument("--solvers", nargs="*", choices=SOLVERS, default=list(SOLVERS))
    made.add_argument("--seconds", type=float, default=30.0)
    options = made.parse_args()
    if options.scale < 1:
        options.only, options.seconds = ["normal"], 3.0
    installed = {peer.package for peer in PEERS if peer.installed()} | {"skgd"}
    solvers = [x for x in options.solvers if x != "cyanure" or x in installed]
    titles = "set", "alpha", "solver", "s to 1e-2", "s to 1e-4", "least gap", "longest"
    table = Table("Softmax, 20 000 x 784, ten classes", *titles)
    for name in options.only:
        X, y = SETS[name](np.random.default_rng(0))
        for alpha in options.alphas:
            print(name, alpha)
            problem = Problem(X, y, "log_loss", "l2", alpha)
            rows, below = race(problem, solvers, options.seconds)
            for row in rows:
                table.add(name, f"{alpha:g}", *row)
            print(f"  F* of skgd - F*: {below:.1e} of F_null - F*")
    save(options, {"softmax": table})


if __name__ == "__main__":
    main()
