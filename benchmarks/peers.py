"""The solvers that skgd is timed against, with how their parameters translate.

A peer that is not installed is left out. Its objective is skgd's with the parameters
given here, but where `note` says otherwise; it is judged by skgd's objective anyway.
"""

import importlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import more_peer_calls as more
import numpy as np
import peer_calls as call
from scipy import sparse

TOLERANCES = tuple(10.0**-k for k in range(1, 13))
ITERATIONS = tuple(2**k for k in range(20))
WIDE = 6000  # columns from which a dense Hessian is out of the question
EPOCHS = 1000  # of coordinates between working sets: with more they take minutes
PENALISED = "its intercept is penalised"


@dataclass(frozen=True)
class Peer:
    """A solver and how to call it."""

    name: str
    package: str  # to be imported
    losses: tuple[str, ...]
    penalties: tuple[str, ...]
    fit: Callable  # (problem, budget) -> model or (coef, intercept)
    budgets: tuple = TOLERANCES
    note: str = ""
    default: float | None = None  # the package's own tolerance
    dense: bool = False  # needs dense X
    sparse_only: bool = False  # is tried on sparse X only
    narrow: bool = False  # needs fewer columns than WIDE
    binary: bool = False  # needs two classes
    most_rows: float = np.inf

    def suits(self, problem):
        """Tell whether it can solve the problem."""
        n, d = problem.X.shape
        return (
            problem.loss in self.losses
            and problem.penalty in self.penalties
            and not (self.dense and sparse.issparse(problem.X))
            and not (self.sparse_only and not sparse.issparse(problem.X))
            and not (self.narrow and d >= WIDE)
            and not (self.binary and problem.n_classes > 2)
            and n <= self.most_rows
        )

    def installed(self):
        """Tell whether its package can be imported."""
        return imports(self.package)

    @property
    def distribution(self):
        """Name of what pip installs."""
        return distributions()[self.package][0]


distributions = lru_cache(importlib.metadata.packages_distributions)  # it is slow


@lru_cache
def imports(package):
    """Tell whether a package can be imported."""
    try:
        importlib.import_module(package)
    except Exception:  # a broken binary raises all sorts
        return False
    return True


ANY, L2, L1 = ("l2", "l1", "elasticnet"), ("l2",), ("l1",)
SQUARED, LOG, SQUARED_HINGE = ("squared_error",), ("log_loss",), ("squared_hinge",)
KINKED = "absolute_error", "epsilon_insensitive"
SGD = (*SQUARED, "huber", *KINKED, *LOG, "hinge", *SQUARED_HINGE)
SMOOTH = (*SQUARED, "huber", *LOG)
SCALED = "the penalty acts on scaled features"
STEPS = ITERATIONS[3:]
OWN, EX, DAAL = (
    f"{package}.linear_model."
    for package in ("sklearn", "sklearnex", "daal4py.sklearn")
)
USUAL = {"default": 1e-4}


def ridge_peers():
    """Give the peers for the squared error and l2."""
    for solver in ("cholesky", "svd", "lsqr", "sparse_cg", "sag"):
        fit = call.ridge(OWN + "Ridge", solver)
        dense = solver in ("cholesky", "svd")
        yield Peer(f"Ridge {solver}", "sklearn", SQUARED, L2, fit, dense=dense, **USUAL)
    fit = call.ridge(EX + "Ridge", "auto")
    own = {"dense": True, **USUAL}
    yield Peer("sklearnex Ridge", "sklearnex", SQUARED, L2, fit, (1e-4,), **own)


def lasso_peers():
    """Give the peers for the squared error and l1."""
    rest = ANY[1:]
    fit = call.lasso(OWN + "ElasticNet", max_iter=10_000)
    yield Peer("ElasticNet", "sklearn", SQUARED, rest, fit, **USUAL)
    own = {"dense": True, "narrow": True, **USUAL}
    for name, package, path in (
        ("ElasticNet gram", "sklearn", OWN),
        ("sklearnex ElasticNet", "daal4py", DAAL),
    ):
        fit = call.lasso(path + "ElasticNet", precompute=True, max_iter=10_000)
        yield Peer(name, package, SQUARED, rest, fit, **own)
    own = {"note": "not tried on more rows than 20000", "most_rows": 20_000, **USUAL}
    for package in ("skglm", "celer"):
        fit = call.lasso(f"{package}.Lasso", max_epochs=EPOCHS)
        yield Peer(f"{package} Lasso", package, SQUARED, L1, fit, **own)
    fit = call.lasso("celer.ElasticNet", max_epochs=EPOCHS)
    yield Peer("celer ElasticNet", "celer", SQUARED, ANY[2:], fit, **own)


def logistic_peers():
    """Give the peers for the log loss alone."""
    solvers = {"newton-cholesky": L2, "lbfgs": L2, "newton-cg": L2, "saga": ANY}
    for solver, penalties in solvers.items():
        fit = call.logistic(OWN + "LogisticRegression", solver)
        name, narrow = f"LogisticRegression {solver}", solver == "newton-cholesky"
        own = {"narrow": narrow, **USUAL}
        yield Peer(name, "sklearn", LOG, penalties, fit, **own)
    name, own = "LogisticRegression liblinear", {"note": PENALISED, "binary": True}
    fit = call.logistic(OWN + "LogisticRegression", "liblinear")
    yield Peer(name, "sklearn", LOG, ("l2", "l1"), fit, **own, **USUAL)
    # by tolerance they may take minutes on dense raw features
    own = {"binary": True, "sparse_only": True, **USUAL}
    for package, penalised in (("skglm", ""), ("celer", "it has no intercept")):
        fit = call.sparse_logistic(package)
        yield Peer(f"{package} l1", package, LOG, L1, fit, note=penalised, **own)
    fit = call.logistic(EX + "LogisticRegression", "lbfgs")
    yield Peer("sklearnex lbfgs", "sklearnex", LOG, L2, fit, dense=True, **USUAL)


def liblinear_peers():
    """Give LIBLINEAR, in scikit-learn and by itself."""
    own = {"note": PENALISED}
    hinges = ("hinge", *SQUARED_HINGE)
    fit = call.linear_svc
    yield Peer("LinearSVC", "sklearn", hinges, L2, fit, **own, **USUAL)
    yield Peer("LinearSVC l1", "sklearn", SQUARED_HINGE, L1, fit, **own, **USUAL)
    yield Peer("LinearSVR", "sklearn", KINKED, L2, call.linear_svr, STEPS, **own)
    fit, own = more.liblinear, {"binary": True, "default": 1e-2}
    yield Peer("LIBLINEAR", "liblinear", LOG, ("l2", "l1"), fit, **own)
    own["binary"] = False
    yield Peer("LIBLINEAR", "liblinear", SQUARED_HINGE, ("l2", "l1"), fit, **own)
    yield Peer("LIBLINEAR", "liblinear", SQUARED, L2, fit, **own)


def general_peers():
    """Give the peers for several losses."""
    both = SQUARED + LOG
    own = {"narrow": True, "binary": True, **USUAL}
    yield Peer("glum", "glum", both, ANY, call.glum, **own)
    own, losses = {"budgets": ITERATIONS[2:12]}, both + SQUARED_HINGE
    yield Peer("cyanure", "cyanure", losses, ANY, call.cyanure_steps, **own)
    for losses, binary in ((SMOOTH, False), (SQUARED_HINGE, True)):
        own = {"budgets": ITERATIONS, "binary": binary}
        yield Peer("SciPy L-BFGS", "scipy", losses, L2, more.scipy_lbfgs, **own)
        own |= {"dense": True, "narrow": True}
        yield Peer("torch LBFGS", "torch", losses, L2, more.torch_lbfgs, **own)
    own, fit = {"binary": True, "most_rows": 25_000}, more.vowpal_wabbit
    yield Peer("Vowpal Wabbit", "vowpalwabbit", both, L2, fit, ITERATIONS[1:], **own)
    own |= {"dense": True, "most_rows": 2000, "note": SCALED}
    yield Peer("river", "river", both, L2, more.river, ITERATIONS, **own)
    own = {"note": PENALISED, "binary": True, "default": 1e-3}
    kinds = {"Logistic": LOG, "Linear": SQUARED}
    for kind, losses in kinds.items():
        fit = more.snapml(f"{kind}Regression")
        yield Peer("snapml", "snapml", losses, L2, fit, **own)
    fit = more.snapml("SupportVectorMachine")
    yield Peer("snapml", "snapml", ("hinge",), L2, fit, **own)


def other_peers():
    """Give the peers for losses with few, and SGD."""
    fit, losses = call.quantile_regressor, ("quantile", "absolute_error")
    own = {"note": "not tried on more rows than 6000", "most_rows": 6000}
    yield Peer("QuantileRegressor", "sklearn", losses, L1, fit, (None,), **own)
    note = "another objective: it fits a scale too"
    fit = call.huber_regressor
    yield Peer("HuberRegressor", "sklearn", ("huber",), L2, fit, STEPS, note)
    for name, average in (("SGD", False), ("averaged SGD", True)):
        fit = call.scaled_sgd(average)
        name = f"StandardScaler + {name}"
        yield Peer(name, "sklearn", SGD, ANY, fit, ITERATIONS, SCALED)


FAMILIES = ridge_peers, lasso_peers, logistic_peers, liblinear_peers, general_peers
SKGD = Peer("skgd", "skgd", (), (), call.skgd_auto, TOLERANCES[1:9], **USUAL)
PEERS = [peer for family in (*FAMILIES, other_peers) for peer in family()]
