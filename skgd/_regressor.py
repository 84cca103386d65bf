"""GDRegressor."""

from types import MappingProxyType

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.model_selection import ShuffleSplit
from sklearn.utils import assert_all_finite

from skgd import _parameters, _validation
from skgd._base import BaseGD
from skgd._core.losses import LOSSES, traits_of
from skgd._dask import is_collection
from skgd._dask._predict import lazily, r2_in_blocks
from skgd._dask._survey import numbers_in_blocks
from skgd._training import Training


class GDRegressor(RegressorMixin, BaseGD):
    """Linear regression fitted by gradient descent.

    It finds the optimum of a loss plus a penalty on raw data, without a scaler or a
    learning rate, and says how far it may still be. Parameters of
    :class:`sklearn.linear_model.SGDRegressor` have the same names here, and the same
    meanings but for `tol`; its learning rates are there too.

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", \
            "squared_epsilon_insensitive", "absolute_error", "quantile", "poisson", \
            "gamma", "tweedie"} or Loss, default="squared_error"
        Loss of a sample as a function of ``r = y - (x . w + b)``:

        - "squared_error": ``r^2 / 2``.
        - "huber": ``r^2 / 2`` up to ``|r| = epsilon``, then
          ``epsilon |r| - epsilon^2 / 2``.
        - "epsilon_insensitive": ``max(0, |r| - epsilon)``.
        - "squared_epsilon_insensitive": ``max(0, |r| - epsilon)^2``.
        - "absolute_error": ``|r|``, for the median.
        - "quantile": ``quantile r`` for ``r > 0``, else ``(quantile - 1) r``.

        With a log link, half the unit deviance of y and the mean
        ``mu = exp(x . w + b)``, which is what `predict` gives; its least value is 0:

        - "poisson": ``y log(y / mu) - y + mu``, for y >= 0.
        - "gamma": ``log(mu / y) + y / mu - 1``, for y > 0.
        - "tweedie", p being `power`: ``y^(2-p) / ((1-p) (2-p)) - y mu^(1-p) / (1-p)
          + mu^(2-p) / (2-p)``, for y >= 0; p of 1 is "poisson", of 2 "gamma".

        Or a loss of your own, an object of a subclass of `Loss`.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        R(w) of the objective in the Notes. The intercept is never penalised.
    alpha : float, default=1e-4
        Strength of the penalty, >= 0, in units of the loss over those of R(w). Also
        sets the rate of `learning_rate="optimal"`, which needs `alpha > 0`.
    l1_ratio : float or None, default=0.15
        Share of l1 in "elasticnet", in [0, 1]; 0 is l2, 1 is l1. None only with another
        penalty.
    fit_intercept : bool, default=True
        Whether to fit b; if not, it stays at zero (or at `intercept_init`).
    positive : bool, default=False
        Whether all coefficients must be >= 0, with `learning_rate="auto"` only. The
        intercept may have any sign.
    mode : {"auto", "batch", "mini-batch", "stochastic"}, default="auto"
        Rows that a step reads: all of them, a batch, or one. "auto" is "batch" with
        `learning_rate="auto"` and "stochastic" with the others; `mode_` has the choice.
        With `learning_rate="auto"` all modes end in the same optimum, and "batch" is
        nearly always the fastest way there (see the Notes).
    batch_size : "auto" or int, default="auto"
        Rows a step with `mode="mini-batch"`, >= 1; more than n_samples means all rows.
        "auto" is 32, or what suits the data with `learning_rate="auto"`, which takes no
        int. An int with another mode is an error. The gradient is the mean over the
        batch, so that `eta0` keeps its meaning when this changes.
    learning_rate : {"auto", "constant", "optimal", "invscaling", "adaptive", "pa1", \
            "pa2"}, default="auto"
        "auto" needs none: it scales the features and searches the length of each step
        itself (see the Notes). The others are textbook descent on X as it is; eta
        follows from t, the number of the step, counted from 1:

        - "constant": ``eta = eta0``.
        - "optimal": ``eta = 1 / (alpha * (t0 + t - 1))`` with
          ``t0 = alpha ** -0.75``, which does not look at X.
        - "invscaling": ``eta = eta0 / t ** power_t``.
        - "adaptive": ``eta = eta0``, divided by 5 whenever `tol` would stop the fit,
          which ends once eta is 1e-6 or less.
        - "pa1", "pa2": passive-aggressive steps,
          ``min(eta0, loss / |x|^2)`` and ``loss / (|x|^2 + 1 / (2 eta0))``, for
          `loss="epsilon_insensitive"` and `optimizer="sgd"` only.
    eta0 : float, default=0.01
        First learning rate, > 0; the aggressiveness for "pa1" and "pa2". Its unit
        depends on that of X: scale X first. "optimal" ignores it, and so does "auto",
        with a warning if it is not at its default.
    power_t : float, default=0.25
        Exponent of "invscaling". Below zero, which is deprecated, the rate grows.
        "auto" ignores it, with a warning if it is not at its default.
    optimizer : {"sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"} or \
            optimizer object, default="sgd"
        How a gradient becomes a step. The objects (:class:`SGD`, :class:`Momentum`,
        :class:`Nesterov`, :class:`AdaGrad`, :class:`RMSProp`, :class:`Adam`) have
        parameters of their own; in a grid these are `optimizer__momentum` and the like.
        With `learning_rate="auto"` anything but "sgd" is an error.
    average : bool or int, default=False
        Whether `coef_` and `intercept_` are the mean of the iterates, one a step. An
        int is the number of samples, >= 0, to see before the mean begins; 0 is False.
        With `learning_rate="auto"` anything else is an error.
    max_iter : int, default=1000
        Most epochs, >= 1, that `fit` runs. `partial_fit` runs one.
    tol : float or None, default=1e-4
        When to stop: a share, >= 0, without unit, of what the fit has gained.

        - `learning_rate="auto"`: stop where the estimate of F - F*, what is left to
          gain, is at most ``tol * (F_null - F)``, F_null being the objective of the
          best model without coefficients.
        - The others: stop after `n_iter_no_change` epochs in a row that improve the
          best objective by less than ``tol * |F_0 - F_best|``, F_0 being the objective
          of the zero model. In batch mode with a smooth loss and a rate other than
          "adaptive": epochs that change the objective by less, up or down.

        With `early_stopping` also when the best validation score improves by less than
        `tol` (the textbook rates: only then). None: run `max_iter` epochs, fewer only
        with "auto" where floating point allows no decrease.
    n_iter_no_change : int, default=5
        Epochs in a row, >= 1, that may bring less than `tol` asks. With
        `learning_rate="auto"` these are counted under `early_stopping` only.
    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the rows aside (none if `fit` is given
        `X_val`), to stop by the score on them (R2), and to return the model of the
        best epoch (of the last one with `tol=None`).
    validation_fraction : float, default=0.1
        Share of the rows set aside by `early_stopping`, in (0, 1), at least two rows.
    shuffle : bool, default=True
        Whether each epoch reads the rows in a new random order. No effect in batch
        mode, nor with `learning_rate="auto"`, whose other modes always do.
    epsilon : float, default=0.1
        Parameter of huber and of the epsilon-insensitive losses, >= 0, in units of y.
    quantile : float, default=0.5
        The quantile, in (0, 1), that `loss="quantile"` fits.
    power : float, default=1.5
        Of the mean, in [1, 2], to which `loss="tweedie"` takes the variance to be
        proportional. Other powers have no loss that is convex in ``x . w + b``.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last fit. A learning rate
        starts anew, and so does all that "auto" has found out about the data.
    n_jobs : int or None, default=None
        Threads that share the rows of a large batch, as in joblib: not 0, -1 for all
        cores, None for 1 outside a joblib context. It does not change the result.
    random_state : int, RandomState instance or None, default=None
        Seed of the order of rows and of the validation split. `partial_fit` reads it
        in the first call that shuffles; the later ones go on with the same generator.
        Batch mode without `early_stopping` does not read it.
    verbose : int or bool, default=0
        Whether to print a line an epoch, >= 0.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X; a csr_matrix after `sparsify`.
    intercept_ : ndarray of shape (1,) or (n_targets,)
        Intercept, in the dtype of X.
    n_iter_ : int
        Epochs that ran.
    best_iter_ : int
        Epoch, counted from 1, whose model is returned: `n_iter_` unless
        `early_stopping` found a better one.
    t_ : float
        1 + the number of samples seen, over all epochs and calls of `partial_fit`.
    mode_ : str
        The mode that ran: "batch", "mini-batch" or "stochastic".
    converged_ : bool
        Whether `tol` ended the descent at the model that is returned, which is no worse
        than the zero model. With a learning rate other than "auto" this does not say
        how far the optimum is.
    objective_ : float
        F of the Notes at the returned model, over the training rows.
    suboptimality_ : float
        F - F*, what is left to gain, as well as it is known: a bound for losses with a
        kink on sparse X with an l2 penalty, an estimate otherwise (see the Notes). NaN
        with a learning rate other than "auto", which comes without one.
    history_ : dict of str to ndarray of shape (`n_iter_`,)
        An entry an epoch; NaN for what there is not:

        - "objective": F at the epoch's model; with a learning rate other than "auto"
          the running mean over the epoch. The last entry is `objective_`.
        - "suboptimality": as `suboptimality_`; infinite before there is an estimate.
        - "gradient_norm": with "auto" in the coordinates of the descent, that is of
          scaled features. Otherwise the norm of the move of (w, b) over the sum of the
          learning rates: in batch mode with "sgd" that of the gradient.
        - "learning_rate": of the epoch's first step; with "auto" the share that was
          taken of the step proposed.
        - "validation_score": with `early_stopping`.
        - "seconds": since the fit began.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X has names that are all strings.

    See Also
    --------
    GDClassifier : The same for classification.
    sklearn.linear_model.SGDRegressor : Stochastic steps only.
    sklearn.linear_model.Ridge : Squared error with l2 in closed form.

    Notes
    -----
    The objective, with s_i the sample weights::

        F(w, b) = sum_i s_i loss(y_i, x_i . w + b) / sum_i s_i + alpha R(w)
        R(w) = |w|^2 / 2                                            penalty="l2"
               |w|_1                                                penalty="l1"
               l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2            penalty="elasticnet"

    A weight of 2 is the row twice, a weight of 0 is the row left out, and a factor on
    all weights changes nothing.

    With `learning_rate="auto"` the descent begins at the best model without
    coefficients and works in scaled and centred coordinates, which is a change of
    variables: X is not copied, sparse X stays sparse, and the penalty keeps acting on
    the coefficients of X as given. An epoch takes a direction P^-1 g, g being the
    gradient and P a Cholesky factor of the Hessian or its diagonal, and minimises F
    exactly over the plane of that direction and the step before; the modes other than
    "batch" add a variance-reduced epoch over batches or single rows as a third
    direction. With a Cholesky factor P^-1 g does nearly all the work, so that "batch"
    is simply cheaper. l1 penalties and `positive` go by proximal Newton steps, losses
    with a kink (those with ``| |`` or ``max(0, )`` not squared) on dense X by a method
    of multipliers or an interior point, which read all rows whatever the mode, and on
    sparse X with an l2 penalty by coordinate ascent on the dual. F never rises.

    `suboptimality_` is a Newton decrement for smooth losses, good to a factor of two
    or so with a Cholesky factor; with the diagonal (more than 2000 columns, or 500 of
    sparse X) the larger of it and of the decrease over the last epochs, which can be
    several times too small. For losses with a kink it is a duality gap: exact on sparse
    X, elsewhere up to what a tiny gradient leaves open.

    With the textbook rates, a step on the rows B, for a loss with the derivative
    dloss in x . w + b, s_mean the mean weight of the training rows::

        g = sum_{i in B} s_i dloss(y_i, x_i . w + b) x_i / (|B| s_mean) + ridge w
        w <- prox(optimizer(w, g, eta_t)),  ridge = alpha (1 - l1_ratio)

    and the same for b, without penalty; ``optimizer`` is ``w - eta g`` by default. The
    ridge is applied as the factor ``max(0, 1 - eta ridge)`` by plain "sgd".

    The l1 part: in batch mode, and with every optimizer but "sgd", a step ends with the
    proximal map of the l1 norm (soft thresholding), by the step that the optimizer
    effectively takes in each coefficient. Below a full batch "sgd" uses the cumulative
    penalty of [1]_, since noisy steps would leave no coefficient at zero. The mean
    of `average` is not sparse.

    An epoch costs O(n_samples * n_features * n_outputs), or O(nnz * n_outputs) for
    sparse X; a Cholesky factor of "auto" O(n_samples * n_features^2 * n_outputs) and
    n_features^2 * n_outputs numbers more. A textbook step costs O(n_features) more with
    any optimizer other than "sgd", with batches of more than 1024 / n_outputs rows, and
    with averaging together with l1 on sparse X. Memory beyond X is else a few arrays of
    n_samples * n_outputs and of n_features * n_outputs. X is not copied if it is
    C-contiguous or CSR, in float32 or float64.

    No schedule looks at X: on features of very different sizes textbook descent
    diverges, or crawls. A fit whose numbers overflow raises a ValueError that names the
    largest stable rate; one that ends worse than the zero model warns.

    Defaults that differ from those of :class:`sklearn.linear_model.SGDRegressor`:

    ============= ============== ==========================
    parameter     SGDRegressor   GDRegressor
    ============= ============== ==========================
    learning_rate "invscaling"   "auto"
    tol           1e-3, absolute 1e-4, a share of the gain
    ============= ============== ==========================

    The intercept moves by the same rate whether X is sparse or not (there: 0.01 of it
    if sparse), a target of shape (n_samples, n_targets) is fitted in one pass over the
    rows, and `early_stopping` returns the best model instead of the last one.

    References
    ----------
    .. [1] Y. Tsuruoka, J. Tsujii, S. Ananiadou, Stochastic gradient descent training
       for L1-regularized log-linear models with cumulative penalty, 2009, section 3.2.
    .. [2] B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by
       averaging, 1992 (`average`).
    .. [3] K. Crammer et al., Online passive-aggressive algorithms, 2006, section 4
       ("pa1", "pa2").
    .. [4] S. Boyd, L. Vandenberghe, Convex Optimization, 2004, sections 9.5 (the
       Newton decrement), 11.7 (interior points).
    .. [5] J. Lee, Y. Sun, M. Saunders, Proximal Newton-type methods for minimizing
       composite functions, 2014.
    .. [6] R. T. Rockafellar, Augmented Lagrangians and applications of the proximal
       point algorithm in convex programming, 1976.
    .. [7] C.-J. Hsieh et al., A dual coordinate descent method for large-scale linear
       SVM, 2008.
    .. [8] R. Johnson, T. Zhang, Accelerating stochastic gradient descent using
       predictive variance reduction, 2013 ("mini-batch"); A. Defazio, F. Bach,
       S. Lacoste-Julien, SAGA, 2014 ("stochastic").

    Examples
    --------
    Features in units from 1 to 1e3, and no scaler:

    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import GDRegressor
    >>> X, y = load_diabetes(return_X_y=True, scaled=False)
    >>> model = GDRegressor().fit(X, y)
    >>> round(model.score(X, y), 2)
    0.52
    >>> model.mode_, model.converged_
    ('batch', True)
    >>> bool(model.suboptimality_ <= 1e-4 * model.objective_)
    True
    """

    _constraints = _parameters.REGRESSOR_CONSTRAINTS
    _aggressive_loss = "epsilon_insensitive"
    _fewest_to_score = 2  # R^2 is not defined for one
    _rate_defaults = MappingProxyType({"eta0": 0.01, "power_t": 0.25})

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        positive=False,
        mode="auto",
        batch_size="auto",
        learning_rate="auto",
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
        quantile=0.5,
        power=1.5,
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
        self.positive = positive
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
        self.quantile = quantile
        self.power = power
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X,
        y,
        coef_init=None,
        intercept_init=None,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Fit the model from the start.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape \
                (n_samples, n_features)
            Training data, finite. Read as float32 or float64, dense or CSR. Dask
            arrays and DataFrames are read block by block, for smooth losses; y and
            weights may be arrays in memory then, or cut as X is.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets, finite.
        coef_init : array-like of shape (n_features,) or (n_targets, n_features), \
                default=None
            Coefficients to start from, not written to; zeros by default, or those of
            the last fit with `warm_start`.
        intercept_init : array-like of shape (1,) or (n_targets,), default=None
            Intercept to start from, likewise.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0; all one by default. Only their ratios matter.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Data for `early_stopping` to score on, instead of a part of X:
            `validation_fraction` is then not used, and all rows of X are trained on.
            Requires `early_stopping=True`, and `y_val`.
        y_val : array-like of shape (n_val,) or (n_val, n_targets), \
                default=None
            Targets of X_val.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights, >= 0, of the rows of X_val in the score.

        Returns
        -------
        GDRegressor
            The fitted estimator. A fit that fails leaves an earlier model as it was.

        Raises
        ------
        ValueError
            If a parameter is outside its domain or contradicts another one; if the data
            are empty, not finite, of unequal lengths or of the wrong shape; if
            there is no weight above zero, or a negative one;
            if the descent diverges.
        TypeError
            If the data have a type that is not understood.
        """
        given = X_val, y_val, sample_weight_val
        return self._fit(X, y, coef_init, intercept_init, sample_weight, given)

    def partial_fit(self, X, y, sample_weight=None):
        """Run one epoch over the rows given, from where the last call ended.

        Schedule, optimizer, averages and the generator of the order go on too: k calls
        on the same rows equal ``fit`` with ``max_iter=k, tol=None``. `coef_` or
        `intercept_` that were changed by hand are where it goes on from, with an
        average begun anew. `tol` and `max_iter` are not read, and `history_` speaks of
        the last call.

        With `learning_rate="auto"`, instead, each row is read once, and the model is
        one of all rows seen: the optimum for the squared error with "l2" or no penalty,
        at most 1000 columns and not `positive`; otherwise the mean of steps in scaled
        coordinates, which nears the optimum as rows come.
        An earlier model of another kind (a rate, `fit`, set by hand) counts as the
        optimum of as many rows as were seen before; the result is no optimum of rows
        then, and `converged_` is False.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A part of the training data, finite.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0, in units that are the same in all calls. If all are zero,
            the call changes nothing.

        Returns
        -------
        GDRegressor
            The estimator.

        Raises
        ------
        ValueError
            As for `fit`; if `early_stopping` is True or y has another number of
            targets than before.
        TypeError
            If the data have a type that is not understood.
        """
        _parameters.check_parameters(self, self._constraints)
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        return self._partial_fit(X, y, sample_weight, first=not hasattr(self, "coef_"))

    @lazily
    def predict(self, X):
        """Predict targets: X w + b, or exp(X w + b) for losses with a log link.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape \
                (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, of the shape of y in `fit`; float32 if X and `coef_` both are,
            float64 otherwise.
            A lazy Dask array where X is a Dask collection.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.
        ValueError
            If X is not finite or has another number of features than in `fit`.
        """
        mean = self._mean(self._raw_predictions(X))
        return mean.ravel() if self._y_ndim == 1 else mean

    def score(self, X, y, sample_weight=None):
        """Give R^2 of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape \
                (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0; all one by default.

        Returns
        -------
        float
            At most 1, which is best.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.
        ValueError
            If the data are not finite, of unequal lengths or of another number of
            features than in `fit`.
        """
        if is_collection(X):
            return r2_in_blocks(self, X, y, sample_weight)
        return super().score(X, y, sample_weight)

    def _mean(self, raw):
        """Give predictions for raw ones."""
        return np.exp(raw) if traits_of(self.loss)["link"] == "log" else raw

    def _training(self, X, y, sample_weight, *, reset):
        _validation.check_numbers(y, "y")
        X, y = _validation.check_training(
            self, X, y, reset=reset, multi_output=True, y_numeric=True
        )
        targets = np.ascontiguousarray(y, dtype=np.float64)
        if not np.isfinite(targets).all():  # None is NaN only now
            assert_all_finite(targets, input_name="y")
        self._check_domain(targets, "y")
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

    def _survey(self, blocks, ndim):
        self._y_ndim = min(ndim, 2)
        needed = traits_of(self._core_loss(1))["targets"]
        return numbers_in_blocks(blocks, needed, self.loss), None, None

    def _original(self, targets):
        return targets.ravel() if self._y_ndim == 1 else targets

    def _known_targets(self, y):
        return y.reshape(len(y), -1)

    def _to_score(self, X, y, n_outputs):
        _validation.check_numbers(y, "y")
        X, y = _validation.check_X(
            self, X, y, reset=False, multi_output=True, y_numeric=True
        )
        targets = np.ascontiguousarray(y, dtype=np.float64).reshape(X.shape[0], -1)
        assert_all_finite(targets, input_name="y")
        if targets.shape[1] != n_outputs:
            raise ValueError(f"y has {n_outputs} targets, y_val {targets.shape[1]}")
        self._check_domain(targets, "y_val")
        return X, targets

    def _check_domain(self, targets, name):
        needed = traits_of(self._core_loss(1))["targets"]
        _validation.check_targets(targets, needed, self.loss, name)

    def _core_loss(self, n_outputs):
        if self.loss == "tweedie":  # its limits have formulas of their own
            return {1: "poisson", 2: "gamma"}.get(self.power, self.loss)
        return self.loss

    def _score_raw(self, raw, targets, weight):
        mean = self._mean(raw)
        if not np.isfinite(mean).all():
            return -np.inf
        return r2_score(targets, mean, sample_weight=weight)

    def _split(self, targets):
        splitter = ShuffleSplit(
            test_size=self.validation_fraction, random_state=self.random_state
        )
        kept, held_out = next(splitter.split(targets))
        if len(held_out) < 2:
            raise ValueError(
                f"the validation set would have {len(held_out)} sample, and R^2, by"
                " which early_stopping goes, is not defined for less than two"
            )
        return kept, held_out

    def _shaped_coef(self, coef):
        return coef.ravel() if self._y_ndim == 1 else coef

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        positive = [
            name for name in LOSSES if LOSSES[name]["targets"] in (">= 0", "> 0")
        ]
        tags.target_tags.positive_only = self.loss in positive
        return tags
