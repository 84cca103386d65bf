"""Calls of solvers that take data of their own kind, or come with no estimator.

What a solver needs of the data is made once and not timed: files for Vowpal Wabbit,
CSR for LIBLINEAR, tensors for PyTorch, dicts for river.
"""

import importlib
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from objective import log_derivatives, losses
from scipy import optimize, sparse
from sklearn.preprocessing import StandardScaler
from threads import THREADS

CONSTANT = 11650396  # Vowpal Wabbit's hash of the intercept
SCALING = 10.0  # of the intercept of snapml, which gives it divided by that
kept = lru_cache(maxsize=1)


def n_alpha(problem):
    return problem.X.shape[0] * problem.alpha


class Same:
    """A problem as the key of a cache: the same only as itself."""

    def __init__(self, problem):
        self.problem = problem

    def __hash__(self):
        return hash((id(self.problem.X), self.problem.loss))

    def __eq__(self, other):
        one, two = self.problem, other.problem
        return one.X is two.X and one.loss == two.loss and one.y is two.y


@kept
def csr(same):
    """Give X as CSR, which LIBLINEAR takes."""
    return sparse.csr_matrix(same.problem.X)


def liblinear(problem, tol):
    """Fit with a bias that is not penalised (-R)."""
    util = importlib.import_module("liblinear.liblinearutil")
    solver = {
        ("log_loss", "l2"): 0,
        ("log_loss", "l1"): 6,
        ("squared_hinge", "l2"): 2,
        ("squared_hinge", "l1"): 5,
        ("squared_error", "l2"): 11,
    }[problem.loss, problem.penalty]
    C = 1 / n_alpha(problem) / (2 if solver == 11 else 1)  # its square is not halved
    made = importlib.import_module("liblinear.liblinear").problem
    nodes = made(problem.y.astype(float), csr(Same(problem)), bias=1)
    options = f"-s {solver} -c {C:.17g} -e {tol} -B 1 -R -q" + " -p 0" * (solver == 11)
    model = util.train(nodes, options)
    if solver == 11:
        w, b = model.get_decfun()
        return np.array(w), np.array([b])
    labels = model.get_labels()
    if len(labels) == 2:  # its function is that of its first label
        w, b = model.get_decfun(label_idx=labels.index(1))
        return np.array(w), np.array([b])
    parts = [model.get_decfun(label_idx=labels.index(k)) for k in range(len(labels))]
    return np.array([w for w, _ in parts]), np.array([b for _, b in parts])


@kept
def vowpal_file(same):
    """Write the rows for Vowpal Wabbit, and its cache; give the file's name."""
    problem = same.problem
    folder = Path(tempfile.gettempdir()) / "skgd-vowpal"
    folder.mkdir(exist_ok=True)
    path = folder / "rows.txt"
    path.with_suffix(".cache").unlink(missing_ok=True)
    X = sparse.csr_matrix(problem.X)
    with path.open("w") as file:
        for i, target in enumerate(problem.targets):
            part = slice(X.indptr[i], X.indptr[i + 1])
            pairs = zip(X.indices[part], X.data[part], strict=True)
            file.write(f"{target:.9g} | " + " ".join(f"{j}:{x:.9g}" for j, x in pairs))
            file.write("\n")
    return path


def vowpal_wabbit(problem, passes):
    """Fit by its L-BFGS, in single precision."""
    package = importlib.import_module("vowpalwabbit")
    path = vowpal_file(Same(problem))
    squared = problem.loss == "squared_error"
    bits = max(18, int(problem.X.shape[1]).bit_length() + 1)
    command = f"-d {path} --cache_file {path.with_suffix('.cache')} --bfgs --mem 15"
    command += (
        f" --passes {passes} --termination 0 --l2 {n_alpha(problem) * (1 + squared)}"
    )
    command += (
        f" --no_bias_regularization -b {bits} --holdout_off --quiet --loss_function "
    )
    workspace = package.Workspace(command + ("squared" if squared else "logistic"))
    coef = [workspace.get_weight(j) for j in range(problem.X.shape[1])]
    intercept = workspace.get_weight(CONSTANT & (2**bits - 1))
    workspace.finish()
    return np.array(coef), np.array([intercept])


@kept
def tensors(same):
    """Give X and y as PyTorch's."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(THREADS)
    problem = same.problem
    y = problem.y if problem.is_softmax else problem.targets
    return torch.from_numpy(problem.X), torch.from_numpy(y)


def torch_lbfgs(problem, iterations):
    """Fit by torch.optim.LBFGS with a strong Wolfe line search, in float64."""
    torch = importlib.import_module("torch")
    X, y = tensors(Same(problem))
    k = problem.n_classes if problem.is_softmax else 1
    w = torch.zeros((X.shape[1], k), dtype=X.dtype, requires_grad=True)
    b = torch.zeros(k, dtype=X.dtype, requires_grad=True)
    F = torch.nn.functional
    mean = {
        "squared_error": lambda z: ((z - y) ** 2).mean() / 2,
        "huber": lambda z: F.huber_loss(z, y, delta=problem.epsilon),
        "squared_hinge": lambda z: (torch.relu(1 - y * z) ** 2).mean(),
        "log_loss": lambda z: F.softplus(-y * z).mean(),
    }[problem.loss]
    if problem.is_softmax:
        mean = lambda z: F.cross_entropy(z, y)  # noqa: E731
    options = {"tolerance_grad": 0, "tolerance_change": 0, "max_iter": iterations}
    rule = torch.optim.LBFGS([w, b], line_search_fn="strong_wolfe", **options)

    def closure():
        rule.zero_grad()
        z = X @ w + b
        value = mean(z if problem.is_softmax else z[:, 0])
        value = value + problem.alpha / 2 * (w**2).sum()
        value.backward()
        return value

    rule.step(closure)
    return w.detach().numpy().T, b.detach().numpy()


def scipy_lbfgs(problem, iterations):
    """Fit by scipy.optimize.minimize, with losses and gradients in NumPy."""
    X, s, y = problem.X, problem.weight, problem.targets
    slopes = {
        "squared_error": lambda z: s * (z - y),
        "huber": lambda z: s * np.clip(z - y, -problem.epsilon, problem.epsilon),
        "squared_hinge": lambda z: -2 * s * y * np.maximum(1 - y * z, 0),
        "log_loss": lambda z: log_derivatives(problem, z)[0],
    }
    shape = (X.shape[1], problem.n_classes) if problem.is_softmax else X.shape[1:]

    def value(u):
        w, b = u[: np.prod(shape)].reshape(shape), u[np.prod(shape) :]
        z = X @ w + (b if problem.is_softmax else b[0])
        d = slopes[problem.loss](z)
        g = np.append((X.T @ d + problem.alpha * w).ravel(), d.sum(axis=0))
        return s @ losses(problem, z) + problem.alpha / 2 * (w * w).sum(), g

    u = np.zeros(np.prod(shape) + (shape[1] if problem.is_softmax else 1))
    options = {"maxiter": iterations, "ftol": 0, "gtol": 0, "maxfun": 10 * iterations}
    found = optimize.minimize(value, u, jac=True, method="L-BFGS-B", options=options)
    return found.x[: np.prod(shape)].reshape(shape).T, found.x[np.prod(shape) :]


def snapml(kind):
    def fit(problem, tol):
        model = getattr(importlib.import_module("snapml"), kind)(
            regularizer=n_alpha(problem),
            tol=tol,
            fit_intercept=True,
            intercept_scaling=SCALING,  # so large that its penalty is small
            n_jobs=THREADS,
            random_state=0,
        )
        model.fit(problem.X, problem.y.astype(float))
        return np.ravel(model.coef_), np.ravel(model.intercept_) * SCALING

    return fit


@kept
def dicts(same):
    """Give scaled rows as river takes them, and the scaler."""
    scaler = StandardScaler()
    X = scaler.fit_transform(same.problem.X)
    return [dict(enumerate(row)) for row in X.tolist()], scaler


def river(problem, epochs):
    """Fit row by row, on scaled features, with its own rate."""
    linear = importlib.import_module("river.linear_model")
    rule = importlib.import_module("river.optim").SGD(0.01)
    rows, scaler = dicts(Same(problem))
    name = "LogisticRegression" if problem.n_classes else "LinearRegression"
    model = getattr(linear, name)(rule, l2=problem.alpha)
    targets = (problem.y > 0 if problem.n_classes else problem.targets).tolist()
    order = np.random.default_rng(0)
    for _ in range(epochs):
        for i in order.permutation(len(rows)):
            model.learn_one(rows[i], targets[i])
    coef = np.array([model.weights[j] for j in range(problem.X.shape[1])])
    coef = coef / scaler.scale_
    return coef, np.array([model.intercept - coef @ scaler.mean_])
