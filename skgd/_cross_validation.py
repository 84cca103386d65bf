"""Choose alpha by cross-validation, with one path of fits a fold."""

import warnings
from itertools import islice
from numbers import Integral
from typing import ClassVar, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.parallel import Parallel, delayed

from skgd import _validation
from skgd._base import _all_or_nothing
from skgd._path import checked_alphas, descend_along, grid_of

# Parameters that the plain estimators do not have, or that mean something else there.
_OWN = "alphas", "eps", "cv", "scoring", "refit", "n_alphas_no_change", "n_jobs"


class _Fit(NamedTuple):
    """A fold's fit at one alpha."""

    score: float
    n_iter: int
    coef: np.ndarray
    intercept: np.ndarray


class _Data(NamedTuple):
    """Validated data; the weights are None or the sample weights alone."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None

    def take(self, rows):
        """Give the rows."""
        weight = None if self.weight is None else self.weight[rows]
        return _Data(self.X[rows], self.y[rows], weight)


class AlphaSearch:
    """What GDRegressorCV and GDClassifierCV add to the plain estimators.

    These inherit from the plain ones, against the rule, as a fitted one is one of them:
    the best, or the mean of the folds' best.
    """

    # For the splitter alone: no fit takes groups.
    __metadata_request__fit: ClassVar = {"groups": UNUSED}

    @property
    def partial_fit(self):
        """There is none: folds need all rows at once."""
        raise AttributeError(f"{type(self).__name__} has no partial_fit.")

    @property
    def set_partial_fit_request(self):
        """There is none either."""
        raise AttributeError(f"{type(self).__name__} has no partial_fit.")

    @property
    def set_callbacks(self):
        """There is none: folds are fitted at the same time."""
        raise AttributeError(f"{type(self).__name__} has no set_callbacks.")

    def get_metadata_routing(self):
        """Give what is passed on to the splitter and to the scorer.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routes from `fit`.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        receivers = [("splitter", "split", check_cv(self.cv))]
        if self.scoring is not None:  # `score` counts the weights unasked
            scorer = check_scoring(self, scoring=self.scoring)
            receivers.append(("scorer", "score", scorer))
        for callee, method, receiver in receivers:
            mapping = MethodMapping().add(caller="fit", callee=method)
            router.add(method_mapping=mapping, **{callee: receiver})
        return router

    def _search(self, X, y, sample_weight, groups, params):
        with _all_or_nothing(self):
            plain, alphas = self._checked()
            whole = plain._training(X, y, sample_weight, reset=True)
            _validation.check_sound(whole.X)
            weight = _validation.check_sample_weight(sample_weight, whole.X.shape[0])
            routed = self._routed(weight, groups, params)
            self._forget()
            alphas = grid_of(plain, whole, alphas, self.eps)
            data = _Data(whole.X, plain._original(whole.targets), weight)
            cv = check_cv(self.cv, data.y, classifier=is_classifier(self))
            splits = cv.split(data.X, data.y, **routed.splitter.split)
            folds = [self._fits(data, *rows, alphas, routed) for rows in splits]
            fits = self._follow(folds, len(alphas))
            self._choose(alphas, fits)
            if self.refit:
                plain = self._plain().set_params(alpha=self.alpha_)
                plain.fit(X, y, sample_weight=sample_weight)
                del plain._state
            else:
                best = [fold[self._best] for fold in fits]
                _store_mean(plain, best, whole.n_outputs)
            known = plain.get_params(deep=False)
            vars(self).update({k: v for k, v in vars(plain).items() if k not in known})
        return self

    def _forget(self):
        """Drop what an earlier fit has left."""
        for name in [k for k in vars(self) if k.endswith("_") or k == "_state"]:
            delattr(self, name)

    def _plain(self):
        """Give the estimator to fit, with an alpha yet to be set."""
        parameters = self.get_params(deep=False)
        shared = {k: v for k, v in parameters.items() if k not in _OWN}
        return clone(self._plain_class(**shared))

    def _checked(self):
        """Give the plain estimator and the alphas; all parameters are sound."""
        plain = self._plain().set_params(n_jobs=self.n_jobs)
        alphas = checked_alphas(plain, self.alphas, self.eps)
        patience = self.n_alphas_no_change
        is_int = isinstance(patience, Integral) and not isinstance(patience, bool)
        if patience is not None and not (is_int and patience >= 1):
            raise ValueError(
                f"n_alphas_no_change must be an int >= 1 or None, got {patience!r}."
            )
        if isinstance(self.scoring, (list, tuple, set, dict)):
            raise ValueError(f"scoring must be one scorer, got {self.scoring!r}.")
        if not isinstance(self.refit, (bool, np.bool_)):
            raise ValueError(f"refit must be a bool, got {self.refit!r}.")
        return plain.set_params(n_jobs=None), alphas

    def _routed(self, sample_weight, groups, params):
        """Give the arguments of the splitter and of the scorer."""
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        if get_config()["enable_metadata_routing"]:
            given = {"sample_weight": sample_weight, "groups": groups, **params}
            given = {k: v for k, v in given.items() if v is not None}
            routed = process_routing(self, "fit", **given)
            if self.scoring is not None:
                return routed
            return Bunch(splitter=routed.splitter, scorer=Bunch(score=weights))
        if params:
            raise ValueError(
                f"{', '.join(params)} can be passed on with metadata routing only: see"
                " sklearn.set_config(enable_metadata_routing=True)."
            )
        return Bunch(
            splitter=Bunch(split={} if groups is None else {"groups": groups}),
            scorer=Bunch(score=weights),
        )

    # --- The folds

    def _fits(self, data, train, test, alphas, routed):
        """Yield the fit of a fold at each alpha."""
        plain, arguments = self._plain(), {}
        for name, value in routed.scorer.score.items():
            array = np.asarray(value)
            of_rows = array.ndim > 0 and len(array) == data.X.shape[0]
            arguments[name] = array[test] if of_rows else value
        weight = arguments.get("sample_weight")
        if weight is not None and not np.any(weight):
            raise ValueError(
                "The test rows of a fold have no weight above zero, and no score: take"
                " another cv, or leave rows without weight out."
            )
        try:
            training = plain._training(*data.take(train), reset=True)
        except ValueError as error:
            raise ValueError(
                f"The training rows of a fold of cv can not be fitted. {error}"
            ) from error
        X, y, _ = data.take(test)
        score = self._scorer_of(plain, X, y, arguments)
        for fit in descend_along(plain, training, alphas):
            coef, intercept = fit.coef, fit.intercept.astype(fit.coef.dtype)
            yield _Fit(score(coef, intercept, fit.n_iter), fit.n_iter, coef, intercept)

    def _scorer_of(self, plain, X, y, arguments):
        """Give the score, on the rows of a fold, of a model of the plain estimator."""
        if self.scoring is None:  # `score`, without validating the rows for each model
            targets = plain._known_targets(y)

            def score(coef, intercept, n_iter):
                raw = safe_sparse_dot(X, coef.T, dense_output=True) + intercept
                return plain._score_raw(raw, targets, arguments.get("sample_weight"))

            return score
        scorer = check_scoring(plain, scoring=self.scoring)

        def score(coef, intercept, n_iter):
            fitted = plain._fitted_attributes(coef, intercept, n_iter)
            vars(plain).update(fitted)
            try:
                return scorer(plain, X, y, **arguments)
            except TypeError as error:  # of one that takes no weights
                given = "sample_weight" in arguments
                given &= not get_config()["enable_metadata_routing"]
                if not given or "'sample_weight'" not in str(error):
                    raise
                del arguments["sample_weight"]
                warnings.warn(
                    f"The scoring {self.scoring!r} takes no sample_weight: rows count"
                    " alike in the scores.",
                    stacklevel=2,
                )
                return scorer(plain, X, y, **arguments)

        return score

    def _follow(self, folds, n_alphas):
        """Give the fits of each fold, up to where going on does not seem to pay."""
        fits: list[list[_Fit]] = [[] for _ in folds]
        if not fits:
            raise ValueError(f"cv must give a fold at least, got {self.cv!r}.")
        at_once = self.n_alphas_no_change or n_alphas
        n_jobs = effective_n_jobs(self.n_jobs)
        with Parallel(n_jobs=n_jobs, require="sharedmem") as parallel:
            while len(fits[0]) < n_alphas:
                more = parallel(delayed(_next)(fold, at_once) for fold in folds)
                for fold, new in zip(fits, more, strict=True):
                    fold.extend(new)
                scores = _scores(fits).mean(axis=0)
                best = np.where(np.isnan(scores), -np.inf, scores).argmax()
                if len(scores) - 1 - best >= at_once:
                    break
        return fits

    def _choose(self, alphas, fits):
        self.scores_ = _scores(fits)
        self.alphas_ = alphas[: self.scores_.shape[1]]
        self.n_iters_ = np.array([[fit.n_iter for fit in fold] for fold in fits])
        # in the layout of GridSearchCV's: of equal means the sums are equal too
        means = np.average(np.ascontiguousarray(self.scores_.T), axis=1)
        if np.isnan(means).all():
            raise ValueError(
                "No alpha has a score in all folds: each mean over the folds is NaN."
            )
        self._best = int(np.nanargmax(means))
        self.alpha_ = float(alphas[self._best])
        self.best_score_ = float(means[self._best])


def _next(fold, count):
    return list(islice(fold, count))


def _scores(fits):
    return np.array([[fit.score for fit in fold] for fold in fits])


def _store_mean(plain, fits, n_outputs):
    """Make the mean of the folds' models that of the estimator."""
    if any(len(fit.coef) != n_outputs for fit in fits):
        raise ValueError(
            "With refit=False each fold must have all classes, to take the mean of"
            " their models. Set refit=True or a stratified cv."
        )
    coef = np.mean([fit.coef for fit in fits], axis=0)
    intercept = np.mean([fit.intercept for fit in fits], axis=0)
    n_iter = max(fit.n_iter for fit in fits)
    vars(plain).update(plain._fitted_attributes(coef, intercept, n_iter))
