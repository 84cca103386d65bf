"""The estimators with the defaults of scikit-learn's SGDClassifier and SGDRegressor.

scikit-learn's own tests of its SGD rely on those defaults; with these two classes they
can be run against skgd.
"""

from skgd import GDClassifier, GDRegressor

REGRESSION_LOSSES = (
    "squared_error",
    "huber",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
)
CLASSIFICATION_LOSSES = (
    "hinge",
    "squared_hinge",
    "perceptron",
    "log_loss",
    "modified_huber",
    *REGRESSION_LOSSES,
)


class ShimClassifier(GDClassifier):
    """GDClassifier with the defaults of SGDClassifier."""

    # scikit-learn's tests iterate over the names in this dict.
    loss_functions = dict.fromkeys(CLASSIFICATION_LOSSES)

    def __init__(
        self,
        loss="hinge",
        *,
        penalty="l2",
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        mode="stochastic",
        batch_size="auto",
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        optimizer="sgd",
        average=False,
        max_iter=1000,
        tol=1e-3,
        n_iter_no_change=5,
        early_stopping=False,
        validation_fraction=0.1,
        shuffle=True,
        epsilon=0.1,
        multi_class="ovr",
        class_weight=None,
        warm_start=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            mode=mode,
            batch_size=batch_size,
            learning_rate=learning_rate,
            eta0=eta0,
            power_t=power_t,
            optimizer=optimizer,
            average=average,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            shuffle=shuffle,
            epsilon=epsilon,
            multi_class=multi_class,
            class_weight=class_weight,
            warm_start=warm_start,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )


class ShimRegressor(GDRegressor):
    """GDRegressor with the defaults of SGDRegressor."""

    loss_functions = dict.fromkeys(REGRESSION_LOSSES)

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        mode="stochastic",
        batch_size="auto",
        learning_rate="invscaling",
        eta0=0.01,
        power_t=0.25,
        optimizer="sgd",
        average=False,
        max_iter=1000,
        tol=1e-3,
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
        super().__init__(
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            mode=mode,
            batch_size=batch_size,
            learning_rate=learning_rate,
            eta0=eta0,
            power_t=power_t,
            optimizer=optimizer,
            average=average,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            shuffle=shuffle,
            epsilon=epsilon,
            warm_start=warm_start,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
