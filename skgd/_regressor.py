"""GDRegressor."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.model_selection import ShuffleSplit

from skgd import _validation
from skgd._base import BaseGD, Training


class GDRegressor(RegressorMixin, BaseGD):
    """Linear regression fitted by gradient descent.
    """

    _constraints = _validation.REGRESSOR_CONSTRAINTS
    _aggressive_loss = "epsilon_insensitive"

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        mode="auto",
        batch_size="auto",
        learning_rate="invscaling",
        eta0=0.01,
        power_t=0.25,
        optimizer="sgd",
        average=False,
        max_iter=1000,
        tol=1e-4,
        n_iter_no_change=5,
        early_stopping=False,
        validation_fraction=0.1,
        shuffle=True,
        epsilon=0.1,
        warm_start=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.mode = mode
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.optimizer = optimizer
        self.average = average
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.shuffle = shuffle
        self.epsilon = epsilon
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        """Fit the model."""
        return self._fit(X, y, coef_init, intercept_init, sample_weight)

    def partial_fit(self, X, y, sample_weight=None):
        """Run one epoch over the rows given, from where the last call ended."""
        _validation.check_parameters(self, self._constraints)
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        return self._partial_fit(X, y, sample_weight, first=not hasattr(self, "coef_"))

    def predict(self, X):
        """Predict targets."""
        raw = self._raw_predictions(X)
        return raw.ravel() if self._y_ndim == 1 else raw

    def _training(self, X, y, sample_weight, *, reset):
        X, y = _validation.check_X(
            self, X, y, reset=reset, multi_output=True, y_numeric=True
        )
        targets = np.ascontiguousarray(y, dtype=np.float64)
        n_outputs = 1 if targets.ndim == 1 else targets.shape[1]
        if reset:
            self._y_ndim = targets.ndim
        elif n_outputs != len(self.intercept_):
            raise ValueError(
                f"y has {n_outputs} targets, but the model was fitted with"
                f" {len(self.intercept_)}."
            )
        weight = _validation.check_sample_weight(sample_weight, X.shape[0])
        return Training(X, targets.reshape(X.shape[0], n_outputs), n_outputs, weight)

    def _core_loss(self, n_outputs):
        return self.loss

    def _score_raw(self, raw, targets, weight):
        return r2_score(targets, raw, sample_weight=weight)

    def _split(self, targets):
        splitter = ShuffleSplit(
            test_size=self.validation_fraction, random_state=self.random_state
        )
        return next(splitter.split(targets))

    def _shaped_coef(self, coef):
        return coef.ravel() if self._y_ndim == 1 else coef

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
