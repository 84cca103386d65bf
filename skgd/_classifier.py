"""GDClassifier."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from skgd import _validation
from skgd._base import BaseGD, Training

_BALANCED_MESSAGE = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced'"
    " weights, use compute_class_weight('balanced', classes=classes, y=y). In place of y"
    " you can use a large enough sample of the full training set target to properly"
    " estimate the class frequency distributions. Pass the resulting weights as the"
    " class_weight parameter."
)


def _has_probabilities(estimator):
    if estimator.loss not in ("log_loss", "modified_huber"):
        raise AttributeError(
            f"probability estimates are not available for loss={estimator.loss!r}"
        )
    return True


class GDClassifier(ClassifierMixin, BaseGD):
    """Linear classification fitted by gradient descent.
    """

    _constraints = _validation.CLASSIFIER_CONSTRAINTS
    _aggressive_loss = "hinge"

    def __init__(
        self,
        loss="log_loss",
        *,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        mode="auto",
        batch_size="auto",
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        optimizer="sgd",
        average=False,
        max_iter=1000,
        tol=1e-4,
        n_iter_no_change=5,
        early_stopping=False,
        validation_fraction=0.1,
        shuffle=True,
        epsilon=0.1,
        multi_class="auto",
        class_weight=None,
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
        self.multi_class = multi_class
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        """Fit the model."""
        return self._fit(X, y, coef_init, intercept_init, sample_weight)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Run one epoch over the rows given, from where the last call ended."""
        _validation.check_parameters(self, self._constraints)
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        if isinstance(self.class_weight, str):
            raise ValueError(_BALANCED_MESSAGE)
        first = not hasattr(self, "coef_")
        classes = self._known_classes(classes, first)
        return self._partial_fit(X, y, sample_weight, first=first, classes=classes)

    def decision_function(self, X):
        """Give the confidence in each class: raw predictions."""
        raw = self._raw_predictions(X)
        return raw.ravel() if raw.shape[1] == 1 else raw

    def predict(self, X):
        """Predict class labels."""
        raw = self._raw_predictions(X)
        return self.classes_[_predicted_codes(raw)]

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Estimate class probabilities."""
        raw = self._raw_predictions(X)
        if self.loss == "modified_huber":
            return _modified_huber_probabilities(raw)
        if raw.shape[1] == 1:
            return np.column_stack((expit(-raw), expit(raw)))
        if self.multi_class == "ovr":
            # normalised sigmoids, in logarithms: none of them need be above zero
            return softmax(log_expit(raw), axis=1)
        return softmax(raw, axis=1)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X):
        """Estimate logarithms of class probabilities."""
        if self.loss == "modified_huber":
            with np.errstate(divide="ignore"):
                return np.log(self.predict_proba(X))
        raw = self._raw_predictions(X)
        if raw.shape[1] == 1:
            return np.column_stack((log_expit(-raw), log_expit(raw)))
        return log_softmax(log_expit(raw) if self.multi_class == "ovr" else raw, axis=1)

    def _known_classes(self, classes, first):
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is None:
            return self.classes_
        classes = np.unique(classes)
        if not first and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"`classes={classes}` is not the same as on last call to partial_fit, was:"
                f" {self.classes_}"
            )
        return classes

    def _training(self, X, y, sample_weight, *, reset, classes=None):
        X, y = _validation.check_X(self, X, y, reset=reset)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        if classes is None:
            classes = np.unique(y)
            if self.warm_start and not np.array_equal(
                classes, getattr(self, "classes_", classes)
            ):
                raise ValueError(
                    f"y has the classes {classes}, but warm_start=True goes on from a model"
                    f" of the classes {self.classes_}."
                )
        if len(classes) < 2:
            raise ValueError(
                "The number of classes has to be greater than one; got"
                f" {len(classes)} class: {classes}."
            )
        self.classes_ = classes
        codes = _codes(y, classes)
        n_outputs = 1 if len(classes) == 2 else len(classes)
        weight = _validation.check_sample_weight(sample_weight, X.shape[0])
        if self.class_weight is not None:
            of_class = compute_class_weight(self.class_weight, classes=classes, y=y)
            if not (np.isfinite(of_class).all() and (of_class >= 0).all()):
                raise ValueError(
                    f"class_weight must be finite and >= 0, got {self.class_weight!r}."
                )
            if n_outputs > 1 and self._core_loss(n_outputs) != "softmax":
                return Training(X, codes, n_outputs, weight, of_class)
            weight = of_class[codes] if weight is None else weight * of_class[codes]
        return Training(X, codes, n_outputs, weight)

    def _core_loss(self, n_outputs):
        if self.loss == "log_loss" and self.multi_class != "ovr" and n_outputs > 1:
            return "softmax"
        return self.loss

    def _score_raw(self, raw, targets, weight):
        return accuracy_score(targets, _predicted_codes(raw), sample_weight=weight)

    def _split(self, targets):
        splitter = StratifiedShuffleSplit(
            test_size=self.validation_fraction, random_state=self.random_state
        )
        return next(splitter.split(targets, targets))


def _codes(y, classes):
    """Give the position of each label among the sorted classes, int32."""
    codes = np.searchsorted(classes, y).astype(np.int32)
    unknown = classes[np.minimum(codes, len(classes) - 1)] != y
    if unknown.any():
        raise ValueError(
            f"y contains the label {y[unknown.argmax()]!r}, which is not in `classes`:"
            f" {classes}."
        )
    return codes


def _predicted_codes(raw):
    return (raw.ravel() > 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)


def _modified_huber_probabilities(raw):
    # Zhang, Statistical behavior and consistency of classification methods based on
    # convex risk minimization, 2004: the minimiser of the expected loss is 2 p - 1
    probabilities = (np.clip(raw, -1, 1) + 1) / 2
    if raw.shape[1] == 1:
        return np.column_stack((1 - probabilities, probabilities))
    total = probabilities.sum(axis=1, keepdims=True)
    probabilities[total[:, 0] == 0] = 1.0  # no class claims the row: all alike
    return probabilities / probabilities.sum(axis=1, keepdims=True)
