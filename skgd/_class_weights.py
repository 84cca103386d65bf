"""Weights of classes, and what they and those of rows leave to train on."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight


def balanced_weights(of_classes):
    """Give factors that make classes of such sums of weights weigh the same.

    One without weight is left out, as its rows are.
    """
    there = of_classes > 0.0
    factors = np.ones(len(of_classes))
    with np.errstate(over="ignore"):
        factors[there] = of_classes.sum() / there.sum() / of_classes[there]
    return np.minimum(factors, np.finfo(np.float64).max)


def weights_of_classes(class_weight, classes, of_classes):
    """Give a weight for each class, shape (n_classes,), or None.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        As the estimator has it.
    classes : ndarray of shape (n_classes,)
        The sorted labels.
    of_classes : callable
        Gives the sums of their rows' weights, for "balanced".
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        return balanced_weights(of_classes())
    of_class = compute_class_weight(class_weight, classes=classes, y=classes)
    if not (np.isfinite(of_class).all() and (of_class >= 0).all()):
        raise ValueError(f"class_weight must be finite and >= 0, got {class_weight!r}.")
    return of_class


def weights_of_rows(sample_weight, of_class, codes):
    """Give the product of a row's weight and that of its class; None is one."""
    if of_class is None:
        return sample_weight
    of_class = of_class[codes]
    if sample_weight is None:
        return of_class
    with np.errstate(over="ignore"):
        product = sample_weight * of_class
    if not np.isfinite(product).all():
        raise ValueError(
            "sample_weight times class_weight must be finite, got infinity from"
            f" sample_weight up to {sample_weight.max():.3g} and class_weight up to"
            f" {of_class.max():.3g}."
        )
    return product


def check_weighted_classes(class_weight, left, any_sample_weight):
    """Raise if weights leave a single class, or class weights none.

    `left` : the labels of rows with a weight above zero.
    """
    if len(left) == 1:
        raise ValueError(
            "The number of classes has to be greater than one; among the rows with"
            f" weight above zero there is one class: {left}."
        )
    if len(left) == 0 and any_sample_weight:
        raise ValueError(
            f"class_weight={class_weight!r} leaves no row a weight above zero,"
            " and at least two classes need one."
        )
