"""What a fit says when it did not end as it should."""

import numpy as np

from skgd import _parameters
from skgd._core.losses import traits_of
from skgd.textbook._stability import worse_than_zero_message


def auto_messages(estimator, outcome, stopping) -> list[str]:
    """Give what to warn of after a descent without a learning rate."""
    if stopping.tol is None or estimator.early_stopping or outcome.stopped:
        return []
    if stopping.met:
        return [] if outcome.converged else [_rounding_message(estimator, outcome)]
    if not _parameters.minimises(estimator):
        return [_perceptron_message(outcome, stopping)]
    left = outcome.suboptimality
    gain = (
        f"about {left:.3g} is left to gain"
        if np.isfinite(left)
        else ("how much is left to gain is not known")
    )
    why, cure = (
        ("floating point allows no further decrease", "Consider a larger tol.")
        if stopping.stuck
        else (
            f"max_iter={estimator.max_iter} epochs were run",
            "Consider increasing max_iter, or a larger tol.",
        )
    )
    return [
        f"The descent stopped before it converged: {why}. The objective is"
        f" {outcome.objective:.8g}, and {gain}; tol={estimator.tol:g} is met below"
        f" that. {cure}"
    ]


def textbook_messages(estimator, problem, outcome, stopping) -> list[str]:
    """Give what to warn of after a descent with a learning rate."""
    messages = []
    if (
        stopping.tol is not None
        and outcome.n_iter == estimator.max_iter
        and not outcome.stopped
        and not stopping.exhausted
    ):
        needed = estimator.tol if estimator.early_stopping else stopping.needed()
        brought = "There was one epoch, and no other to compare it with"
        if outcome.n_iter > 1:
            brought = (
                f"The last of {outcome.n_iter} epochs still brought {stopping.gain:.3g}"
            )
        messages.append(
            "Maximum number of iteration reached before convergence. Consider"
            f" increasing max_iter to improve the fit. {brought};"
            f" tol={estimator.tol:g} stops after"
            f" n_iter_no_change={estimator.n_iter_no_change} epochs that bring less"
            f" than {needed:.3g}."
        )
    if problem.worse_than_zero(outcome.objective):
        messages.append(worse_than_zero_message(estimator, problem, outcome))
    return messages


def unreachable_messages(problem) -> list[str]:
    """Give what to warn of where exp(z) would have to be zero."""
    if traits_of(problem.loss)["link"] != "log":
        return []
    if problem.largest_targets.all():
        return []
    return [
        "y is zero in all rows. A prediction exp(x . w + b) only nears zero, as b falls"
        " without end: there is no optimum, and the intercept is where the fit stopped."
    ]


def overflow_message(estimator, problem, error) -> str:
    """Give the error of an objective that overflows without a learning rate."""
    largest = problem.largest_targets
    size = "" if largest is None else f" y has values up to {largest.max():.3g}."
    remedy = "Divide y or the columns of X by a constant"
    if estimator.alpha > 0.0:
        remedy += f", or take a smaller alpha than {estimator.alpha:g}"
    if not isinstance(estimator.loss, str):
        name = type(estimator.loss).__name__
        remedy = f"Check that {name}.derivative is that of {name}.value. {remedy}"
    return (
        f"Floating-point under-/overflow occurred at epoch #{error.epoch}: the"
        f" objective is no finite number.{size} {remedy}, whichever is too large or"
        " too small."
    )


def _rounding_message(estimator, outcome):
    wider = "X in float64, " if outcome.coef.dtype != np.float64 else ""
    return (
        "The descent converged, but its coefficients do not survive the rounding to"
        f" {outcome.coef.dtype}, that of X: large ones that cancel, of columns that all"
        " but repeat one another or lie far from zero for their spread, or an intercept"
        " that is far larger than the spread of y. The objective"
        f" of the model returned is {outcome.objective:.8g}, about"
        f" {outcome.suboptimality:.3g} above the optimum; tol={estimator.tol:g} is met"
        f" below that. Consider {wider}a larger alpha, or a larger tol."
    )


def _perceptron_message(outcome, stopping):
    why = (
        "five epochs brought no model of fewer mistakes"
        if stopping.stuck
        else f"max_iter={outcome.n_iter} epochs were run"
    )
    return (
        f"Rosenblatt's rule found no model without mistakes: {why}. Of its models and"
        " their averages, that of the fewest is returned. The perceptron's criterion"
        " has no useful optimum, as the zero model minimises it; loss='hinge' is its"
        " version with a margin, and has one."
    )
