"""What a fitted linear model can do, whatever fitted it."""

import warnings

from scipy.sparse import csr_matrix, issparse
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from skgd import _validation
from skgd._version import __version__


class FittedMixin:
    """Raw predictions, sparse coefficients, and pickles that know their version."""

    def _raw_predictions(self, X):
        """Give X w + b of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = _validation.check_X(self, X, reset=False)
        _validation.check_sound(X)
        coef = self.coef_ if self.coef_.ndim == 2 else self.coef_[None, :]
        return safe_sparse_dot(X, coef.T, dense_output=True) + self.intercept_

    def sparsify(self):
        """Convert the coefficients to a sparse matrix.

        Worth it when more than half of them are zero, as with penalty="l1"; `fit` and
        `partial_fit` go on from there, `densify` turns it back.

        Returns
        -------
        BaseGD
            The estimator, with `coef_` a SciPy csr_matrix of shape
            (n_outputs, n_features).
        """
        check_is_fitted(self)
        self.coef_ = csr_matrix(self.coef_)
        return self

    def densify(self):
        """Convert the coefficients back to an array.

        Returns
        -------
        BaseGD
            The estimator, with `coef_` an ndarray.
        """
        check_is_fitted(self)
        if issparse(self.coef_):
            self.coef_ = self._shaped_coef(self.coef_.toarray())
        return self

    # --- Pickles

    def __getstate__(self):
        return {**super().__getstate__(), "_skgd_version": __version__}

    def __setstate__(self, state):
        version = state.pop("_skgd_version", None)
        if version != __version__:
            by = "an unknown version" if version is None else f"skgd {version}"
            warnings.warn(
                f"This {type(self).__name__} was pickled by {by}, and this is skgd"
                f" {__version__}: what it gives may be wrong, and partial_fit may fail."
                " Fit it anew, or load it with the version that it is of.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)
