"""What is remembered of rows that are gone: means, variances, products."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass
class Columns:
    """Weighted means and variances of the columns; round zero without an intercept.

    Attributes
    ----------
    mean, variance : ndarray of shape (n_features,)
        The variance is zero where all values are the same, and only there.
    """

    mean: np.ndarray
    variance: np.ndarray

    def columns(self):
        """Give means and variances alone: itself."""
        return self

    def merged(self, other, share: float):
        """Give the moments of all rows, of whose weight `other` has the share.

        Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing
        sample variances", 1979, equation 2.1.
        """
        apart = other.mean - self.mean
        variance = self.variance + share * (other.variance - self.variance)
        return Columns(
            self.mean + share * apart, variance + share * (1.0 - share) * apart**2
        )


@dataclass
class Products:
    """Centred products of the columns and the targets, per unit of weight.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
        Of the columns.
    gram : ndarray of shape (n_features, n_features)
        Covariances of the columns.
    target : ndarray of shape (n_outputs,)
        Means of the targets.
    cross : ndarray of shape (n_outputs, n_features)
        Covariances of targets and columns.
    """

    mean: np.ndarray
    gram: np.ndarray
    target: np.ndarray
    cross: np.ndarray

    @classmethod
    def like(cls, columns, n_outputs: int):
        """Give what columns without correlation have; `leading_to` adds the targets."""
        d = len(columns.mean)
        return cls(
            columns.mean,
            np.diag(columns.variance),
            np.zeros(n_outputs),
            np.zeros((n_outputs, d)),
        )

    def columns(self) -> Columns:
        """Give means and variances alone."""
        return Columns(self.mean, self.gram.diagonal().copy())

    def merged(self, other, share: float):
        """Give the products of all rows, of whose weight `other` has the share."""
        apart, differ = other.mean - self.mean, other.target - self.target
        between = share * (1.0 - share)
        gram = other.gram - self.gram
        gram *= share
        gram += self.gram
        gram += np.outer(between * apart, apart)
        cross = self.cross + share * (other.cross - self.cross)
        return Products(
            self.mean + share * apart,
            gram,
            self.target + share * differ,
            cross + between * np.outer(differ, apart),
        )

    def leading_to(self, coef, intercept, ridge: float):
        """Give the same rows with targets whose optimum is (coef, intercept)."""
        return replace(
            self,
            target=intercept + coef @ self.mean,
            cross=coef @ self.gram + ridge * coef,
        )
