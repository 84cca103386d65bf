"""The rows of softmax's Hessian in all classes at once."""

import numpy as np


class BridgeOfClasses:
    """B of the rows (e_k - p_i) x [a_i 1], for each class k and row i of a view.

    B' diag(theta) B is the Hessian of softmax for theta_ki = s_i p_ki, since
    diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)'.

    Parameters
    ----------
    view : View
        A.
    intercept : bool
        Whether unknowns of a class end with its intercept.
    share : ndarray of shape (K, n_rows)
        The probabilities p.

    Attributes
    ----------
    copies : int
        Of a row of the view: K.
    n_unknowns : int
        K (n_features + intercept), class by class.
    """

    def __init__(self, view, intercept, share):
        self.view, self.intercept, self._share = view, intercept, share
        self.copies, self._size = len(share), view.n_features + int(intercept)
        self.n_unknowns = self.copies * self._size

    def _by_class(self, theta):
        return theta.reshape(self.copies, -1)

    def matvec(self, u):
        """Give B u, of shape (K * n_rows,)."""
        u, d = self._by_class(u), self.view.n_features
        z = self.view.matvec(np.ascontiguousarray(u[:, :d]))
        if self.intercept:
            z += u[:, d:]
        return (z - (self._share * z).sum(axis=0)).ravel()

    def rmatvec(self, *vectors):
        """Give B' r of each r."""
        return np.array([self._image(self._by_class(r)) for r in vectors])

    def _image(self, r):
        r = r - self._share * r.sum(axis=0)
        g = self.view.rmatvec(r)
        if self.intercept:
            g = np.column_stack([g, r.sum(axis=1)])
        return g.ravel()

    def squares(self, theta):
        """Give the diagonal of B' diag(theta) B."""
        theta, p = self._by_class(theta), self._share
        h = theta * (1.0 - 2.0 * p) + p**2 * theta.sum(axis=0)
        squares = np.array([self.view.rmatvec_squared(row) for row in h])
        if self.intercept:
            squares = np.column_stack([squares, h.sum(axis=1)])
        return squares.ravel()

    def blocks(self, size):
        """Yield B of dense rows, about `size` values at a time, and their positions."""
        view, d, n = self.view, self.view.n_features, self.view.n_rows
        step = max(size // self.n_unknowns, self.n_unknowns)
        for begin in range(0, n, step):
            end = min(begin + step, n)
            rows = np.ones((end - begin, 1, self._size))
            rows[:, 0, :d] = view.X[view.rows[begin:end]]
            rows[:, 0, :d] -= view.mean
            rows[:, 0, :d] *= view.scale
            p = self._share[:, begin:end].T
            for k in range(self.copies):
                apart = -p
                apart[:, k] += 1.0
                block = (apart[:, :, None] * rows).reshape(end - begin, -1)
                yield block, slice(k * n + begin, k * n + end)

    def heaviest(self, theta, count):
        """Give B for the rows of the view of the largest theta, and these."""
        n = self.view.n_rows
        if count >= n:
            return self, theta
        theta = self._by_class(theta)
        seen = np.sort(np.argpartition(theta.sum(axis=0), n - count)[-count:])
        view, share = self.view.with_rows(seen), self._share[:, seen]
        return BridgeOfClasses(view, self.intercept, share), theta[:, seen].ravel()
