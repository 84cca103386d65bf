"""GDRegressorCV and GDClassifierCV: the plain estimators with alpha chosen."""

from skgd._classifier import GDClassifier
from skgd._cross_validation import AlphaSearch
from skgd._regressor import GDRegressor


class GDRegressorCV(AlphaSearch, GDRegressor):
    """Linear regression by gradient descent, with alpha chosen by cross-validation.

    Each fold is fitted along the sequence of alphas, each fit going on from the one
    before and sharing with it all that does not depend on alpha. The alpha is that of a
    grid search with the same folds and score over :class:`GDRegressor`, up to `tol`; of
    alphas that score alike it is the largest.

    Parameters
    ----------
    loss : str, default="squared_error"
        As in :class:`GDRegressor`.
    penalty : {"l2", "l1", "elasticnet"}, default="l2"
        As in :class:`GDRegressor`. None would leave alpha without a meaning.
    alphas : int or array-like of shape (n_alphas,), default=20
        The alphas to choose from, >= 0. An int, >= 1, is their number, evenly spaced in
        their logarithms; :func:`alpha_path` says where they begin.
    eps : float or None, default=None
        Ratio of the smallest to the largest alpha, in (0, 1), where `alphas` is an int.
        None is 1e-3 with an l1 penalty, and 1e-8 with "l2".
    l1_ratio : float, default=0.15
        As in :class:`GDRegressor`.
    fit_intercept : bool, default=True
        As in :class:`GDRegressor`.
    positive : bool, default=False
        As in :class:`GDRegressor`.
    mode : str, default="auto"
        As in :class:`GDRegressor`.
    batch_size : "auto" or int, default="auto"
        As in :class:`GDRegressor`.
    learning_rate : str, default="auto"
        As in :class:`GDRegressor`. Only "auto" goes on from one alpha to
        the next one; a textbook rate starts anew.
    eta0 : float, default=0.01
        As in :class:`GDRegressor`.
    power_t : float, default=0.25
        As in :class:`GDRegressor`.
    optimizer : str or optimizer object, default="sgd"
        As in :class:`GDRegressor`.
    average : bool or int, default=False
        As in :class:`GDRegressor`.
    max_iter : int, default=1000
        As in :class:`GDRegressor`.
    tol : float or None, default=1e-4
        As in :class:`GDRegressor`.
    n_iter_no_change : int, default=5
        As in :class:`GDRegressor`.
    early_stopping : bool, default=False
        As in :class:`GDRegressor`. Each fit then starts anew.
    validation_fraction : float, default=0.1
        As in :class:`GDRegressor`.
    shuffle : bool, default=True
        As in :class:`GDRegressor`.
    epsilon : float, default=0.1
        As in :class:`GDRegressor`.
    quantile : float, default=0.5
        As in :class:`GDRegressor`.
    power : float, default=1.5
        As in :class:`GDRegressor`.
    cv : int, splitter, iterable or None, default=None
        The folds: None is five, an int is their number, of
        :class:`~sklearn.model_selection.KFold`; or a splitter of scikit-learn, or pairs
        of (train, test) positions.
    scoring : str, callable or None, default=None
        What makes an alpha the best, a scorer of scikit-learn of which more is better.
        None is R2, as `score` gives it.
    refit : bool, default=True
        Whether to fit all rows at the best alpha in the end. If not, the model is the
        mean of the folds' models there.
    n_alphas_no_change : int or None, default=None
        Alphas in a row, >= 1, whose mean score is not above the best one before no
        smaller ones are tried. None tries all, as a grid search does.
    n_jobs : int or None, default=None
        Folds to fit at the same time, in threads, as in joblib: not 0, -1 for all
        cores, None for 1 outside a joblib context. It does not change the result.
    random_state : int, RandomState instance or None, default=None
        As in :class:`GDRegressor`.
    verbose : int or bool, default=0
        As in :class:`GDRegressor`.

    Attributes
    ----------
    alpha_ : float
        The best alpha.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas tried, in decreasing order.
    scores_ : ndarray of shape (n_folds, n_alphas)
        The score on each fold's test rows.
    best_score_ : float
        The mean over the folds at `alpha_`.
    n_iters_ : ndarray of shape (n_folds, n_alphas)
        Epochs of each fit.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients at `alpha_`, in the dtype of X.
    intercept_ : ndarray of shape (1,) or (n_targets,)
        Intercept, in the dtype of X.
    n_iter_ : int
        Epochs of the last fit; with `refit=False` the most of a fold at `alpha_`.
    mode_ : str
        The mode that ran.
    best_iter_ : int
        Of the last fit, as in :class:`GDRegressor`; like the next ones not there with
        `refit=False`.
    t_ : float
        1 + samples seen.
    converged_ : bool
        Whether the tolerance stopped the fit.
    objective_ : float
        F at the model.
    suboptimality_ : float
        Estimate of F - F*.
    history_ : dict of str to ndarray
        One entry an epoch.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has names that are all strings.

    See Also
    --------
    GDRegressor : The same with a given alpha.
    alpha_path : The models along a sequence of alphas.
    sklearn.linear_model.LassoCV : The like in scikit-learn.

    Notes
    -----
    `score` is R2 whatever `scoring` is. Weights of samples count in the fits
    and in the default score. Without metadata routing they go to every scorer that
    takes them, and there is a warning about one that does not; with it, to a scorer
    that requests them. Memory: a copy of a fold's rows a thread.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, Regularization paths for generalized
       linear models via coordinate descent, 2010, section 2.5.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import GDRegressorCV
    >>> X, y = load_diabetes(return_X_y=True, scaled=False)
    >>> model = GDRegressorCV(penalty="l1").fit(X, y)
    >>> model.scores_.shape, round(model.best_score_, 2)
    ((5, 20), 0.48)
    >>> round(model.score(X, y), 2)
    0.51
    """

    _plain_class = GDRegressor

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alphas=20,
        eps=None,
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
        cv=None,
        scoring=None,
        refit=True,
        n_alphas_no_change=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alphas = alphas
        self.eps = eps
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
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.n_alphas_no_change = n_alphas_no_change
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, sample_weight=None, groups=None, **params):
        """Choose alpha, then fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, finite.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0; all one by default.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, for a splitter that keeps them together.
        **params : dict
            Passed on to the splitter and the scorer by metadata routing.

        Returns
        -------
        GDRegressorCV
            The fitted estimator. A fit that fails leaves an earlier model as it was.

        Raises
        ------
        ValueError
            As for the `fit` of :class:`GDRegressor`; if `penalty` is None; if `alphas`,
            `eps` or `n_alphas_no_change` is out of range; if no alpha has a score.
        TypeError
            If the data have a type that is not understood.
        """
        return self._search(X, y, sample_weight, groups, params)


class GDClassifierCV(AlphaSearch, GDClassifier):
    """Linear classification by gradient descent, with alpha chosen by cross-validation.

    Each fold is fitted along the sequence of alphas, each fit going on from the one
    before and sharing with it all that does not depend on alpha. The alpha is that of a
    grid search over :class:`GDClassifier` with the same folds and score, up to `tol`;
    of alphas that score alike it is the largest.

    Parameters
    ----------
    loss : str, default="log_loss"
        As in :class:`GDClassifier`.
    penalty : {"l2", "l1", "elasticnet"}, default="l2"
        As in :class:`GDClassifier`. None would leave alpha without a meaning.
    alphas : int or array-like of shape (n_alphas,), default=20
        The alphas to choose from, >= 0. An int, >= 1, is their number, evenly spaced in
        their logarithms; :func:`alpha_path` says where they begin.
    eps : float or None, default=None
        Ratio of the smallest to the largest alpha, in (0, 1), where `alphas` is an int.
        None is 1e-3 with an l1 penalty, and 1e-8 with "l2".
    l1_ratio : float, default=0.15
        As in :class:`GDClassifier`.
    fit_intercept : bool, default=True
        As in :class:`GDClassifier`.
    positive : bool, default=False
        As in :class:`GDClassifier`.
    mode : str, default="auto"
        As in :class:`GDClassifier`.
    batch_size : "auto" or int, default="auto"
        As in :class:`GDClassifier`.
    learning_rate : str, default="auto"
        As in :class:`GDClassifier`. Only "auto" goes on from one alpha to
        the next one; a textbook rate starts anew.
    eta0 : float, default=0.01
        As in :class:`GDClassifier`.
    power_t : float, default=0.5
        As in :class:`GDClassifier`.
    optimizer : str or optimizer object, default="sgd"
        As in :class:`GDClassifier`.
    average : bool or int, default=False
        As in :class:`GDClassifier`.
    max_iter : int, default=1000
        As in :class:`GDClassifier`.
    tol : float or None, default=1e-4
        As in :class:`GDClassifier`.
    n_iter_no_change : int, default=5
        As in :class:`GDClassifier`.
    early_stopping : bool, default=False
        As in :class:`GDClassifier`. Each fit then starts anew.
    validation_fraction : float, default=0.1
        As in :class:`GDClassifier`.
    shuffle : bool, default=True
        As in :class:`GDClassifier`.
    epsilon : float, default=0.1
        As in :class:`GDClassifier`.
    multi_class : str, default="auto"
        As in :class:`GDClassifier`.
    class_weight : dict, "balanced" or None, default=None
        As in :class:`GDClassifier`.
    cv : int, splitter, iterable or None, default=None
        The folds: None is five, an int is their number, of
        :class:`~sklearn.model_selection.StratifiedKFold`; or a splitter of
        scikit-learn, or pairs of (train, test) positions.
    scoring : str, callable or None, default=None
        What makes an alpha the best, a scorer of scikit-learn of which more is better.
        None is accuracy, as `score` gives it.
    refit : bool, default=True
        Whether to fit all rows at the best alpha in the end. If not, the model is the
        mean of the folds' models there.
    n_alphas_no_change : int or None, default=None
        Alphas in a row, >= 1, whose mean score is not above the best one before no
        smaller ones are tried. None tries all, as a grid search does.
    n_jobs : int or None, default=None
        Folds to fit at the same time, in threads, as in joblib: not 0, -1 for all
        cores, None for 1 outside a joblib context. It does not change the result.
    random_state : int, RandomState instance or None, default=None
        As in :class:`GDClassifier`.
    verbose : int or bool, default=0
        As in :class:`GDClassifier`.

    Attributes
    ----------
    alpha_ : float
        The best alpha.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas tried, in decreasing order.
    scores_ : ndarray of shape (n_folds, n_alphas)
        The score on each fold's test rows.
    best_score_ : float
        The mean over the folds at `alpha_`.
    n_iters_ : ndarray of shape (n_folds, n_alphas)
        Epochs of each fit.
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients at `alpha_`, in the dtype of X.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercept, in the dtype of X.
    n_iter_ : int
        Epochs of the last fit; with `refit=False` the most of a fold at `alpha_`.
    mode_ : str
        The mode that ran.
    best_iter_ : int
        Of the last fit, as in :class:`GDClassifier`; like the next ones not there with
        `refit=False`.
    t_ : float
        1 + samples seen.
    converged_ : bool
        Whether the tolerance stopped the fit.
    objective_ : float
        F at the model.
    suboptimality_ : float
        Estimate of F - F*.
    history_ : dict of str to ndarray
        One entry an epoch.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has names that are all strings.

    See Also
    --------
    GDClassifier : The same with a given alpha.
    alpha_path : The models along a sequence of alphas.
    sklearn.linear_model.LogisticRegressionCV : The like in scikit-learn.

    Notes
    -----
    `score` is accuracy whatever `scoring` is. Weights of samples count in the fits
    and in the default score. Without metadata routing they go to every scorer that
    takes them, and there is a warning about one that does not; with it, to a scorer
    that requests them. Memory: a copy of a fold's rows a thread.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, Regularization paths for generalized
       linear models via coordinate descent, 2010, section 2.5.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skgd import GDClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = GDClassifierCV(alphas=10).fit(X, y)
    >>> model.scores_.shape, round(model.best_score_, 2)
    ((5, 10), 0.96)
    >>> model.predict(X[:3])
    array([0, 0, 0])
    """

    _plain_class = GDClassifier

    def __init__(
        self,
        loss="log_loss",
        *,
        penalty="l2",
        alphas=20,
        eps=None,
        l1_ratio=0.15,
        fit_intercept=True,
        positive=False,
        mode="auto",
        batch_size="auto",
        learning_rate="auto",
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
        cv=None,
        scoring=None,
        refit=True,
        n_alphas_no_change=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alphas = alphas
        self.eps = eps
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
        self.multi_class = multi_class
        self.class_weight = class_weight
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.n_alphas_no_change = n_alphas_no_change
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, sample_weight=None, groups=None, **params):
        """Choose alpha, then fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, finite.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0; all one by default.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, for a splitter that keeps them together.
        **params : dict
            Passed on to the splitter and the scorer by metadata routing.

        Returns
        -------
        GDClassifierCV
            The fitted estimator. A fit that fails leaves an earlier model as it was.

        Raises
        ------
        ValueError
            As for the `fit` of :class:`GDClassifier`; if `penalty` is None; if
            `alphas`, `eps` or `n_alphas_no_change` is out of range; if no alpha has a
            score.
        TypeError
            If the data have a type that is not understood.
        """
        return self._search(X, y, sample_weight, groups, params)
