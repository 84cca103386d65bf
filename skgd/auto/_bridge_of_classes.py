"""The rows of softmax's Hessian in all classes at once."""

import numpy as np

from skgd.auto._bridge import heaviest_of


class BridgeOfClasses:
    """B of the rows (e_k - p_i) x b_i, for each class k and row b_i of a bridge.

    B' diag(theta) B is the Hessian of softmax for theta_ki = s_i p_ki, since
    diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)'.

    Parameters
    ----------
    bridge : Bridge
        Of one class.
    share : ndarray of shape (K, n_rows)
        The probabilities p.

    Attributes
    ----------
    view : View
        Of the bridge.
    copies : int
        Of a row of the view: K.
    n_unknowns : int
        Those of the bridge for each class, one class after the other.
    """

    def __init__(self, bridge, share):
        self._bridge, self._share, self.view = bridge, share, bridge.view
        self.copies = len(share)
        self.n_unknowns = self.copies * bridge.n_unknowns

    def _by_class(self, theta):
        return theta.reshape(self.copies, -1)

    def matvec(self, u):
        """Give B u, of shape (K * n_rows,)."""
        z = np.array([self._bridge.matvec(of_one) for of_one in self._by_class(u)])
        return (z - (self._share * z).sum(axis=0)).ravel()

    def rmatvec(self, *vectors):
        """Give B' r of each r."""
        return np.array([self._image(self._by_class(r)).ravel() for r in vectors])

    def _image(self, r):
        return self._bridge.rmatvec(*(r - self._share * r.sum(axis=0)))

    def squares(self, theta):
        """Give the diagonal of B' diag(theta) B."""
        theta, p = self._by_class(theta), self._share
        h = theta * (1.0 - 2.0 * p) + p**2 * theta.sum(axis=0)
        return np.concatenate([self._bridge.squares(row) for row in h])

    def blocks(self, size):
        """Yield B, about `size` values of dense rows at a time, and their positions."""
        n = self.view.n_rows
        for rows, positions in self._bridge.blocks(size // self.copies):
            p, begin = self._share[:, positions].T, positions.start
            for k in range(self.copies):
                apart = -p
                apart[:, k] += 1.0
                block = (apart[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
                yield block, slice(k * n + begin, k * n + begin + len(rows))

    def heaviest(self, theta, count):
        """Give B for the rows of the view of the largest theta, and these."""
        of_rows = self._by_class(theta)
        seen = heaviest_of(of_rows.sum(axis=0), count)
        if seen is None:
            return self, theta
        part = BridgeOfClasses(self._bridge.with_rows(seen), self._share[:, seen])
        return part, of_rows[:, seen].ravel()
