"""Where a descent starts: at zero, at what is given, or where the last one ended."""

from dataclasses import replace

import numpy as np
from scipy.sparse import issparse

from skgd import _validation
from skgd.textbook import DescentState


def dense_coef(estimator):
    """Give coef_ as an array, whether sparsified or not."""
    return estimator.coef_.toarray() if issparse(estimator.coef_) else estimator.coef_


def initial_state(
    training, coef_init=None, intercept_init=None, earlier=None, positive=False
):
    """Give the state of a descent that begins at zero, or at what is given.

    `earlier`: coef_ and intercept_ of the model that a warm start goes on from.
    `positive`: whether coefficients below zero are to begin at zero.
    """
    dtype = training.X.dtype
    n_outputs, n_features = training.n_outputs, training.X.shape[1]
    coef, intercept = np.zeros((n_outputs, n_features), dtype), np.zeros(n_outputs)
    names = ["coef_init", "intercept_init"]
    if earlier is not None and (coef_init is None or intercept_init is None):
        _validation.check_goes_on("y", "targets", n_outputs, earlier[1].size)
    if earlier is not None and coef_init is None:
        _validation.check_goes_on("X", "features", n_features, earlier[0].shape[-1])
        coef_init, names[0] = earlier[0], "coef_ for warm_start=True"
    if earlier is not None and intercept_init is None:
        intercept_init, names[1] = earlier[1], "intercept_ for warm_start=True"
    if coef_init is not None:
        coef = _validation.check_initial(coef_init, names[0], coef.shape, dtype)
        coef = np.maximum(coef, 0.0) if positive else coef
    if intercept_init is not None:
        intercept = _validation.check_initial(
            intercept_init, names[1], intercept.shape, np.float64
        )
    return DescentState(coef, intercept, rule="")


def earlier_model(estimator):
    """Give coef_ and intercept_ of the last fit, None before the first."""
    if getattr(estimator, "coef_", None) is None:
        return None
    return dense_coef(estimator), np.asarray(estimator.intercept_)


def state_to_go_on_from(estimator):
    """Give the state of the last call, with coef_ as it stands now."""
    state = replace(estimator._state)  # a call that fails leaves no trace
    dtype = state.coef.dtype
    coef = _validation.check_initial(
        dense_coef(estimator), "coef_", state.coef.shape, dtype
    )
    intercept = _validation.check_initial(
        estimator.intercept_, "intercept_", state.intercept.shape, np.float64
    )
    if estimator.positive:  # which it has not always been, maybe
        coef = np.maximum(coef, 0.0)
    averaged = state.average_count > 0.0
    stored_coef, stored_intercept = state.model()
    same = np.array_equal(intercept, stored_intercept.astype(dtype))
    if averaged and same and np.array_equal(coef, stored_coef):
        return state
    state.start_average_anew()
    state.coef = coef
    if averaged or not same:
        state.intercept = intercept
    return state
