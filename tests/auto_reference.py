"""What auto descent multiplies with and its sample space, in plain NumPy."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, logsumexp, xlogy


class View:
    """A = (X[rows] - mean) * scale: what auto descent multiplies with.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        As it lies.
    rows : ndarray of shape (n_rows,), uint32
        The training rows; arrays of sample space are in their order.
    mean, scale : ndarray of shape (n_features,), float64
        Of the columns; a scale of 0 takes a column out.
    """

    def __init__(self, X, rows, mean, scale):
        self.X, self.rows, self.mean, self.scale = X, rows, mean, scale
        self.n_rows, self.n_features = len(rows), X.shape[1]
        self.sparse = issparse(X)

    def matvec(self, v):
        """Give v A' of shape (K, n_rows) for v of shape (K, n_features)."""
        u = v * self.scale
        if self.sparse:
            return (self.X[self.rows] @ u.T - self.mean @ u.T).T.copy()
        return ((self.X[self.rows] - self.mean) @ u.T).T.copy()

    def rmatvec(self, r):
        """Give r A of shape (K, n_features) for r of shape (K, n_rows)."""
        if self.sparse:
            g = (self.X[self.rows].T @ r.T).T - np.outer(r.sum(1), self.mean)
        else:
            g = r @ (self.X[self.rows] - self.mean)
        return g * self.scale

    def rmatvec_squared(self, h):
        """Give sum_i h_i a_ij^2, of shape (n_features,), for h of shape (n_rows,)."""
        X = self.X[self.rows]
        if self.sparse:
            squares = X.multiply(X).T @ h - 2.0 * self.mean * (X.T @ h)
            return np.maximum(squares + self.mean**2 * h.sum(), 0.0) * self.scale**2
        return h @ (X - self.mean) ** 2 * self.scale**2

    def gram(self, h, positions=None):
        """Give [A 1]' diag(h) [A 1] of shape (n_features + 1, n_features + 1).

        `positions` : rows of A to sum over, with h of their length; all by default.
        """
        rows = self.rows if positions is None else self.rows[positions]
        block = self.X[rows]
        block = block.toarray() if self.sparse else block
        block = np.hstack([(block - self.mean) * self.scale, np.ones((len(rows), 1))])
        return (block * h[:, None]).T @ block


class SampleLoss:
    """sum_i s_i loss(y_i, z_i), with weights s whose sum is one.

    Parameters
    ----------
    name, parameter : str, float
        The loss in the core's words.
    y : ndarray of shape (n_rows,)
        Targets of float64 (classes: +-1), or int32 codes for "softmax".
    weight : ndarray of shape (n_rows,), float64
        s.
    n_outputs : int
        K: 1, or the classes of "softmax".
    """

    def __init__(self, name, parameter, y, weight, n_outputs=1):
        self.name, self.parameter, self.y, self.weight = name, parameter, y, weight
        self.n_outputs = n_outputs

    def evaluate(self, z, d=None, h=None) -> float:
        """Give the loss at z (K, n_rows); fill d = s l'(z) and h = s l''(z)."""
        y, s, e = self.y, self.weight, self.parameter
        if self.name == "softmax":
            p = np.exp(z - logsumexp(z, axis=0))
            own = z[y, np.arange(len(y))]
            value = logsumexp(z, axis=0) - own
            first = p.copy()
            first[y, np.arange(len(y))] -= 1.0
            second = p * (1 - p)
        else:
            r, m = z - y, z * y
            value, first, second = {
                "squared_error": lambda: (0.5 * r * r, r, np.ones_like(r)),
                "huber": lambda: (
                    np.where(abs(r) <= e, 0.5 * r * r, e * (abs(r) - 0.5 * e)),
                    np.clip(r, -e, e),
                    1.0 * (abs(r) <= e),
                ),
                "squared_epsilon_insensitive": lambda: (
                    np.maximum(abs(r) - e, 0) ** 2,
                    2 * np.sign(r) * np.maximum(abs(r) - e, 0),
                    2.0 * (abs(r) > e),
                ),
                "poisson": lambda: (
                    xlogy(y, y) - y * z - y + np.exp(z),
                    np.exp(z) - y,
                    np.exp(z),
                ),
                "gamma": lambda: (
                    z - np.log(y) + y * np.exp(-z) - 1,
                    1 - y * np.exp(-z),
                    y * np.exp(-z),
                ),
                "tweedie": lambda: (
                    y ** (2 - e) / ((1 - e) * (2 - e))
                    - y * np.exp((1 - e) * z) / (1 - e)
                    + np.exp((2 - e) * z) / (2 - e),
                    np.exp((2 - e) * z) - y * np.exp((1 - e) * z),
                    (2 - e) * np.exp((2 - e) * z) - (1 - e) * y * np.exp((1 - e) * z),
                ),
                "log_loss": lambda: (
                    np.logaddexp(0, -m),
                    -y * expit(-m),
                    expit(m) * expit(-m),
                ),
                "squared_hinge": lambda: (
                    np.maximum(1 - m, 0) ** 2,
                    -2 * y * np.maximum(1 - m, 0),
                    2.0 * (m < 1),
                ),
                "modified_huber": lambda: (
                    np.where(m >= -1, np.maximum(1 - m, 0) ** 2, -4 * m),
                    np.where(m >= -1, -2 * y * np.maximum(1 - m, 0), -4 * y),
                    2.0 * ((m < 1) & (m >= -1)),
                ),
            }[self.name]()
        if d is not None:
            d[...] = s * first
        if h is not None:
            h[...] = s * second
        return float((s * value).sum())

    def plane(self, z, directions, c):
        """Give value, gradient (p,) and Hessian (p, p) in c at z + sum c_p Z_p.

        `directions` : ndarray of shape (p, K, n_rows).
        """
        z = z + np.tensordot(c, directions, 1)
        d, h = np.empty_like(z), np.empty_like(z)
        value = self.evaluate(z, d, h)
        gradient = np.tensordot(directions, d, 2)
        p = len(c)
        hessian = np.empty((p, p))
        if self.name == "softmax":
            share = np.exp(z - logsumexp(z, axis=0))
            mean = (directions * share).sum(1)
            for a in range(p):
                for b in range(p):
                    hessian[a, b] = (
                        self.weight
                        * (
                            (share * directions[a] * directions[b]).sum(0)
                            - mean[a] * mean[b]
                        )
                    ).sum()
        else:
            hessian = np.tensordot(directions * h, directions, ([1, 2], [1, 2]))
        return value, gradient, hessian


def columns_in_groups(n, random):
    """Give X of two groups of columns that add up to one, and each row's columns."""
    first = (random.integers(400, size=n) * random.random(n)).astype(int)
    second = (200 * random.random(n) ** 2).astype(int)
    X = np.zeros((n, 600))
    X[np.arange(n), first] = X[np.arange(n), 400 + second] = 1.0
    return X, first, second
