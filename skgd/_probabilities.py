"""From raw predictions to classes and their probabilities."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax


def codes_of_raw(raw):
    """Give the position of the class of the largest raw prediction, (n_samples,)."""
    return (
        (raw.ravel() > 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)
    )


def probabilities_of(raw, loss, one_vs_rest):
    """Give probabilities (n_samples, n_classes) of raw predictions (n_samples, K)."""
    if loss == "modified_huber":
        return _of_modified_huber(raw)
    if raw.shape[1] == 1:
        return np.column_stack((expit(-raw), expit(raw)))
    with np.errstate(over="ignore"):  # differences of the largest numbers
        return softmax(_unnormalised(raw, one_vs_rest), axis=1)


def log_probabilities_of(raw, loss, one_vs_rest):
    """Give the logarithms of `probabilities_of`, of small ones too."""
    if loss == "modified_huber":
        with np.errstate(divide="ignore"):
            return np.log(_of_modified_huber(raw))
    if raw.shape[1] == 1:
        return np.column_stack((log_expit(-raw), log_expit(raw)))
    with np.errstate(over="ignore"):
        return log_softmax(_unnormalised(raw, one_vs_rest), axis=1)


def _unnormalised(raw, one_vs_rest):
    """Give logarithms of what is normalised: none of the sigmoids need exceed 0."""
    return log_expit(raw) if one_vs_rest else raw


def _of_modified_huber(raw):
    # Zhang, Statistical behavior and consistency of classification methods based on
    # convex risk minimization, 2004: the minimiser of the expected loss is 2 p - 1
    probabilities = (np.clip(raw, -1, 1) + 1) / 2
    if raw.shape[1] == 1:
        return np.column_stack((1 - probabilities, probabilities))
    total = probabilities.sum(axis=1, keepdims=True)
    probabilities[total[:, 0] == 0] = 1.0  # no class claims the row: all alike
    return probabilities / probabilities.sum(axis=1, keepdims=True)
