"""Textbook descent in plain NumPy: the specification of what `skgd` computes.

Dense, float64, eager: one line a formula, no trick that saves time. Targets and raw
predictions have shape (n, K), coefficients (K, d).

    z = X_B w + b;  g = X_B' d / |B| + ridge w;  w <- prox(optimizer(w, g, eta_t))

with d = s * dloss/dz and weights s of mean one.
"""

import numpy as np
from scipy.special import xlogy

# --- Losses: (value, derivative in z), functions of (y, z, parameter)


def _positive(x):
    return np.maximum(x, 0.0)


def xmuly(x, y):
    """Give x y, zero for x = 0 even where y is infinite."""
    return np.where(x == 0, 0.0, x * np.where(x == 0, 0.0, y))


def _from_top(z):
    return z - z.max(axis=1, keepdims=True)


def _log_sum_exp(z):
    return np.log(np.exp(_from_top(z)).sum(axis=1, keepdims=True))


def _softmax(z):
    return np.exp(_from_top(z)) / np.exp(_from_top(z)).sum(axis=1, keepdims=True)


LOSSES = {
    "squared_error": (
        lambda y, z, e: (y - z) ** 2 / 2,
        lambda y, z, e: z - y,
    ),
    "huber": (
        lambda y, z, e: np.where(
            abs(z - y) <= e, (z - y) ** 2 / 2, e * abs(z - y) - e**2 / 2
        ),
        lambda y, z, e: np.clip(z - y, -e, e),
    ),
    "epsilon_insensitive": (
        lambda y, z, e: _positive(abs(z - y) - e),
        lambda y, z, e: np.sign(z - y) * (abs(z - y) > e),
    ),
    "absolute_error": (
        lambda y, z, e: abs(z - y),
        lambda y, z, e: np.sign(z - y),
    ),
    "quantile": (  # e is the quantile
        lambda y, z, e: np.where(y >= z, e * (y - z), (1 - e) * (z - y)),
        lambda y, z, e: np.where(z > y, 1 - e, np.where(z < y, -e, 0.0)),
    ),
    "squared_epsilon_insensitive": (
        lambda y, z, e: _positive(abs(z - y) - e) ** 2,
        lambda y, z, e: 2 * np.sign(z - y) * _positive(abs(z - y) - e),
    ),
    # With a log link: half the deviance of y and exp(z).
    "poisson": (
        lambda y, z, e: xlogy(y, y) - y * z - y + np.exp(z),
        lambda y, z, e: np.exp(z) - y,
    ),
    "gamma": (
        lambda y, z, e: z - np.log(y) + y * np.exp(-z) - 1,
        lambda y, z, e: 1 - y * np.exp(-z),
    ),
    "tweedie": (  # e is the power
        lambda y, z, e: (
            y ** (2 - e) / ((1 - e) * (2 - e))
            - xmuly(y, np.exp((1 - e) * z)) / (1 - e)
            + np.exp((2 - e) * z) / (2 - e)
        ),
        lambda y, z, e: np.exp((2 - e) * z) - xmuly(y, np.exp((1 - e) * z)),
    ),
    "log_loss": (  # from here on y is -1 or +1
        lambda y, z, e: np.logaddexp(0.0, -y * z),
        lambda y, z, e: -y * np.exp(-np.logaddexp(0.0, y * z)),
    ),
    "hinge": (  # kinks: the derivative on the side of the error
        lambda y, z, e: _positive(1 - y * z),
        lambda y, z, e: -y * (y * z <= 1),
    ),
    "perceptron": (
        lambda y, z, e: _positive(-y * z),
        lambda y, z, e: -y * (y * z <= 0),
    ),
    "squared_hinge": (
        lambda y, z, e: _positive(1 - y * z) ** 2,
        lambda y, z, e: -y * np.minimum(2 * _positive(1 - y * z), 1e12),
    ),
    "modified_huber": (
        lambda y, z, e: np.where(y * z >= -1, _positive(1 - y * z) ** 2, -4 * y * z),
        lambda y, z, e: np.where(y * z >= -1, -2 * y * _positive(1 - y * z), -4 * y),
    ),
    "softmax": (  # y is one-hot; one value a row
        lambda y, z, e: _log_sum_exp(z) - (y * _from_top(z)).sum(axis=1, keepdims=True),
        lambda y, z, e: _softmax(z) - y,
    ),
}

# --- Learning rates: eta of step t = 1, 2, ...

SCHEDULES = {
    "constant": lambda t, eta0, power_t, alpha: eta0,
    "adaptive": lambda t, eta0, power_t, alpha: eta0,  # while it makes progress
    "invscaling": lambda t, eta0, power_t, alpha: eta0 / t**power_t,
    "optimal": lambda t, eta0, power_t, alpha: (
        1 / (alpha * (t - 1) + 1 / np.sqrt(1 / np.sqrt(alpha)))
    ),
    "pa1": lambda t, eta0, power_t, alpha: eta0,  # C
    "pa2": lambda t, eta0, power_t, alpha: eta0,
}

# --- Optimizers: (step, effective step) of (gradient, eta, t, memory m and s)


def _momentum(g, eta, t, m, s, rho=0.9):
    m[:] = rho * m + g
    return eta * m, eta / (1 - rho)


def _nesterov(g, eta, t, m, s, rho=0.9):
    m[:] = rho * m + g
    return eta * (g + rho * m), eta / (1 - rho)


def _divided(eta, root):
    """Give eta / root, and no step where root is zero."""
    return np.divide(eta, root, out=np.zeros_like(root), where=root > 0)


def _adagrad(g, eta, t, m, s, epsilon=1e-8):
    s[:] = s + g**2
    effective = _divided(eta, np.sqrt(s) + epsilon)
    return effective * g, effective


def _rmsprop(g, eta, t, m, s, rho=0.9, epsilon=1e-8):
    s[:] = rho * s + (1 - rho) * g**2
    effective = _divided(eta, np.sqrt(s) + epsilon)
    return effective * g, effective


def _adam(g, eta, t, m, s, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    m[:] = beta_1 * m + (1 - beta_1) * g
    s[:] = beta_2 * s + (1 - beta_2) * g**2
    effective = _divided(eta, np.sqrt(s / (1 - beta_2**t)) + epsilon)
    return effective * m / (1 - beta_1**t), effective


OPTIMIZERS = {
    "sgd": lambda g, eta, t, m, s: (eta * g, eta),
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
}

# --- Penalties: alpha * R(w) = ridge / 2 |w|^2 + l1 |w|_1


def split_penalty(penalty, alpha, l1_ratio):
    """Give (ridge, l1)."""
    share = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": l1_ratio}[penalty]
    return (0.0, 0.0) if penalty is None else (alpha * (1 - share), alpha * share)


def soft_threshold(w, threshold):
    """Give argmin_u (u - w)^2 / 2 + threshold |u|."""
    return np.sign(w) * _positive(abs(w) - threshold)


# --- The objective and the descent


def objective(
    X, y, coef, intercept, *, loss, parameter=0.1, ridge=0.0, l1=0.0, sample_weight=None
):
    """Give F(w, b) = sum_i s_i loss(y_i, x_i w + b) / sum_i s_i + alpha R(w)."""
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    values = LOSSES[loss][0](y, X @ coef.T + intercept, parameter).sum(axis=1)
    penalty = ridge / 2 * (coef**2).sum() + l1 * abs(coef).sum()
    return s @ values / s.sum() + penalty


def passive_aggressive(kind, c, value, sign, squared_norm):
    """Give the share of c that takes the derivative's place (Crammer et al., 2006)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pa1 = np.minimum(c, value / squared_norm)
        pa2 = value / (squared_norm + 1 / (2 * c))
    step = pa1 if kind == "pa1" else pa2
    return np.where((squared_norm > 0) & (value > 0), np.sign(sign) * step / c, 0.0)


def descend(
    X,
    y,
    *,
    loss,
    parameter=0.1,
    penalty=None,
    alpha=0.0,
    l1_ratio=0.15,
    learning_rate="constant",
    eta0=0.01,
    power_t=0.5,
    optimizer="sgd",
    batch_size=1,
    average=0,
    fit_intercept=True,
    sample_weight=None,
    orders,
):
    """Run an epoch over each of `orders`, lists of rows; give (coef, intercept).

    Rows of weight zero are dropped first. `average` is the number of samples seen
    from which on the iterates are averaged, 0 for never.
    """
    s = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
    s = s / s[s > 0].mean()
    ridge, l1 = split_penalty(penalty, alpha, l1_ratio)
    value_of, derivative_of = LOSSES[loss]

    w, b = np.zeros((y.shape[1], X.shape[1])), np.zeros(y.shape[1])
    m, m_b, second, second_b = (np.zeros_like(a) for a in (w, b, w, b))
    u, q = 0.0, np.zeros_like(w)  # the l1 penalty owed and received
    mean_w, mean_b, n_averaged = np.zeros_like(w), np.zeros_like(b), 0
    t, samples_seen = 0, 0

    for order in orders:
        rows = [i for i in order if s[i] > 0]
        for begin in range(0, len(rows), batch_size):
            batch = rows[begin : begin + batch_size]
            t += 1
            eta = SCHEDULES[learning_rate](t, eta0, power_t, alpha)

            X_B, y_b, s_b = X[batch], y[batch], s[batch][:, None]
            z = X_B @ w.T + b
            d = derivative_of(y_b, z, parameter)
            if learning_rate in ("pa1", "pa2"):
                norm = (X_B**2).sum(axis=1, keepdims=True)
                value = value_of(y_b, z, parameter)
                d = passive_aggressive(learning_rate, eta, value, d, norm)
            g, g_b = (s_b * d).T @ X_B / len(batch), (s_b * d).mean(axis=0)

            if optimizer == "sgd":
                # The ridge as a factor that does not pass zero.
                decay = max(0.0, 1 - eta * ridge)
                w = decay * w - eta * g
                if batch_size >= len(rows):
                    w = soft_threshold(w, eta * l1)
                else:  # noisy steps: what all should have received, less what w has
                    u, q = decay * u + eta * l1, decay * q
                    old, w = w, soft_threshold(w, u + np.sign(w) * q)
                    q = q + w - old
                step_b = eta * g_b
            else:
                rule = OPTIMIZERS[optimizer]
                step, effective = rule(g + ridge * w, eta, t, m, second)
                w = soft_threshold(w - step, effective * l1)
                step_b, _ = rule(g_b, eta, t, m_b, second_b)
            if fit_intercept:
                b = b - step_b

            samples_seen += len(batch)
            if average and samples_seen >= average:
                n_averaged += 1
                mean_w = mean_w + (w - mean_w) / n_averaged
                mean_b = mean_b + (b - mean_b) / n_averaged

    return (mean_w, mean_b) if n_averaged else (w, b)
