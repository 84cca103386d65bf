"""Parameters: their domains, what goes together, and the core's words for them."""

import math
import sys
import warnings
from functools import cache
from inspect import signature
from numbers import Integral, Real
from typing import Any

import numpy as np

from skgd._core.losses import LOSSES, traits_of
from skgd._losses import Loss
from skgd.textbook import ADAPTIVE, AGGRESSIVE, OPTIMIZERS, SCHEDULES

REGRESSION_LOSSES = tuple(
    name for name, loss in LOSSES.items() if not loss["classification"]
)
CLASSIFICATION_LOSSES = tuple(  # those that take -1 and +1, and what GDClassifier has
    name
    for name, loss in LOSSES.items()
    if loss["targets"] in ("real", "signs") and loss["parameter"] in ("", "epsilon")
)
AUTO = "auto"  # the learning rate that is none
MODES = ("auto", "batch", "mini-batch", "stochastic")
MINI_BATCH_SIZE = 32


def _is_number(value, kind=Real):
    return isinstance(value, kind) and not isinstance(value, (bool, np.bool_))


def _is_float(value):
    """Tell whether it is a number that float64 has, be it infinite or NaN."""
    if type(value) is float:
        return True
    if not _is_number(value):
        return False
    is_float = isinstance(value, (float, np.floating))
    return is_float or abs(value) <= sys.float_info.max


def _shown(value):
    try:
        return repr(value)
    except ValueError:  # Python writes no int of more than 4300 digits
        return f"an int of {value.bit_length()} bits"


def _number(low, high=math.inf, *, low_open=False, high_open=False):
    def holds(value):
        above = value > low if low_open else value >= low
        below = value < high if high_open or high == math.inf else value <= high
        return above and below

    brackets = "(" if low_open else "[", ")" if high_open or high == math.inf else "]"
    words = f"a float in the range {brackets[0]}{low:g}, {high:g}{brackets[1]}"
    return lambda value: _is_float(value) and holds(value), words


def _integer(low, high=math.inf):
    words = f"an int in the range [{low}, {high})"
    return lambda value: _is_number(value, Integral) and low <= value < high, words


def _one_of(*values):
    shown = ", ".join(repr(value) for value in values)
    return (
        lambda value: value is None or isinstance(value, str),
        f"one of {{{shown}}}",
        values,
    )


def _flag():
    return lambda value: type(value) is bool or isinstance(value, np.bool_), "a bool"


def _either(*constraints):
    def holds(value):
        return any(_holds(constraint, value) for constraint in constraints)

    return holds, " or ".join(constraint[1] for constraint in constraints)


def _holds(constraint, value):
    test, _, *values = constraint
    return bool(test(value)) and (not values or value in values[0])


_NONE = (lambda value: value is None, "None")
_WRITTEN = (
    lambda value: isinstance(value, Loss),
    "an object of a subclass of skgd.Loss",
)

_CONSTRAINTS = {
    "penalty": _one_of("l2", "l1", "elasticnet", None),
    "alpha": _number(0),
    "l1_ratio": _either(_number(0, 1), _NONE),
    "fit_intercept": _flag(),
    "mode": _one_of(*MODES),
    "batch_size": _either(_integer(1), _one_of("auto")),
    "learning_rate": _one_of("auto", *SCHEDULES),
    "eta0": _number(0, low_open=True),
    "power_t": _number(-math.inf, low_open=True),
    "optimizer": _either(
        _one_of(*OPTIMIZERS),
        (
            lambda value: isinstance(value, tuple(OPTIMIZERS.values())),
            "an optimizer object of skgd",
        ),
    ),
    "average": _either(_flag(), _integer(0, 2**63)),
    "max_iter": _integer(1),
    "tol": _either(_number(0), _NONE),
    "n_iter_no_change": _integer(1),
    "early_stopping": _flag(),
    "validation_fraction": _number(0, 1, low_open=True, high_open=True),
    "shuffle": _flag(),
    "epsilon": _number(0),
    "positive": _flag(),
    "warm_start": _flag(),
    "n_jobs": _either(
        (
            lambda value: _is_number(value, Integral) and 0 < abs(value) < 2**31,
            "an int other than 0, in the range (-2**31, 2**31)",
        ),
        _NONE,
    ),
    "random_state": _either(
        (
            lambda value: _is_number(value, Integral) and 0 <= value < 2**32,
            "an int in the range [0, 2**32)",
        ),
        (lambda value: isinstance(value, np.random.RandomState), "a numpy RandomState"),
        _NONE,
    ),
    "verbose": _either(_integer(0), _flag()),
}

REGRESSOR_CONSTRAINTS = {
    "loss": _either(_one_of(*REGRESSION_LOSSES), _WRITTEN),
    "quantile": _number(0, 1, low_open=True, high_open=True),
    "power": _number(1, 2),  # beyond, the loss is not convex in z
    **_CONSTRAINTS,
}
CLASSIFIER_CONSTRAINTS = {
    "loss": _either(_one_of(*CLASSIFICATION_LOSSES), _WRITTEN),
    "multi_class": _one_of("auto", "multinomial", "ovr"),
    "class_weight": _either(
        _one_of("balanced"),
        (
            lambda value: (
                isinstance(value, dict) and all(map(_is_float, value.values()))
            ),
            "a dict of class label to float",
        ),
        _NONE,
    ),
    **_CONSTRAINTS,
}

MINIMIZER_RATES = (AUTO, "constant", "invscaling", ADAPTIVE)
_MINIMIZER_CONSTRAINTS = {
    **{name: _CONSTRAINTS[name] for name in ("eta0", "power_t", "optimizer")},
    "learning_rate": _one_of(*MINIMIZER_RATES),
    "gtol": _number(0),
    "ftol": _number(0),
    "maxiter": _integer(0),
}


def check_parameters(estimator, constraints) -> None:
    """Raise a ValueError that names the first parameter that is out of its domain."""
    owner: Any = type(estimator)
    values, known = {}, _sound_defaults(owner)
    for name in constraints:
        value = getattr(estimator, name)
        if name not in known or known[name] is not value:
            values[name] = value
    _check_domains(owner.__name__, values, constraints)
    _check_combinations(estimator)


@cache
def _sound_defaults(estimator_class):
    """Give the defaults that are in their domains: most values of most fits."""
    parameters = signature(estimator_class).parameters
    return {
        name: parameters[name].default
        for name, constraint in estimator_class._constraints.items()
        if name in parameters and _holds(constraint, parameters[name].default)
    }


def _check_domains(owner, values, constraints) -> None:
    for name, value in values.items():
        constraint = constraints[name]
        if not _holds(constraint, value):
            raise ValueError(
                f"The {name!r} parameter of {owner} must be {constraint[1]}. Got"
                f" {_shown(value)} instead."
            )


def check_minimizer_options(options) -> None:
    """Raise a ValueError if an option of `gradient_descent` is out of its domain."""
    rate, optimizer = options["learning_rate"], options["optimizer"]
    if rate in AGGRESSIVE or rate == "optimal":
        raise ValueError(
            f"learning_rate={rate!r} needs the estimators' losses and alpha, which a"
            f" function has not. Set it to one of {MINIMIZER_RATES}."
        )
    _check_domains("gradient_descent", options, _MINIMIZER_CONSTRAINTS)
    if rate != AUTO:
        return
    if optimizer != "sgd":
        raise ValueError(
            f"optimizer={optimizer!r} goes with a learning rate only: with"
            f" learning_rate={AUTO!r} there is no step for it to make. Set"
            f" optimizer='sgd' or learning_rate to one of {MINIMIZER_RATES[1:]}."
        )


def _check_combinations(estimator) -> None:
    e = estimator
    if e.learning_rate == AUTO:
        _check_auto(e)
    elif e.positive:
        raise ValueError(
            f"positive=True goes with learning_rate={AUTO!r} only; got"
            f" learning_rate={e.learning_rate!r}."
        )
    if e.penalty == "elasticnet" and e.l1_ratio is None:
        raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")
    if e.batch_size != "auto" and e.mode != "mini-batch":
        raise ValueError(
            f"batch_size={e.batch_size} has a meaning for mode='mini-batch' only; got"
            f" mode={e.mode!r}. Set mode='mini-batch' or leave batch_size='auto'."
        )
    if e.learning_rate == "optimal" and e.alpha == 0:
        raise ValueError(
            "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to"
            " compute the optimal learning rate; any other learning_rate takes alpha=0."
        )
    if getattr(e, "multi_class", None) == "multinomial" and e.loss != "log_loss":
        raise ValueError(
            "multi_class='multinomial' goes with loss='log_loss' only; got"
            f" loss={e.loss!r}."
        )
    if e.learning_rate in AGGRESSIVE:
        loss = e._aggressive_loss
        if e.loss != loss:
            raise ValueError(
                f"Learning rate '{e.learning_rate}' only works with loss='{loss}'; got"
                f" loss={e.loss!r}."
            )
        if rule_of(e)[0] != "sgd":
            raise ValueError(
                f"learning_rate={e.learning_rate!r} sets the size of each step itself:"
                f" it goes with optimizer='sgd' only. Got optimizer={e.optimizer!r}."
            )


def _check_auto(estimator) -> None:
    """Refuse what has no meaning without a learning rate, or say that it has none."""
    e = estimator
    if e.average:
        raise ValueError(
            f"average={e.average!r} goes with a textbook learning_rate only: with"
            f" learning_rate={AUTO!r} the last model is the best one. Set average=False"
            f" or learning_rate to one of {tuple(SCHEDULES)}."
        )
    if e.optimizer != "sgd":
        raise ValueError(
            f"optimizer={e.optimizer!r} goes with a textbook learning_rate only: with"
            f" learning_rate={AUTO!r} there is no step for it to make. Set"
            f" optimizer='sgd' or learning_rate to one of {tuple(SCHEDULES)}."
        )
    if e.batch_size != "auto":
        raise ValueError(
            f"batch_size={e.batch_size!r} goes with a textbook learning_rate only: with"
            f" learning_rate={AUTO!r} the engine chooses. Leave batch_size='auto'."
        )
    idle = [
        name
        for name in ("eta0", "power_t")
        if getattr(e, name) != e._rate_defaults[name]
    ]
    if idle:
        warnings.warn(
            f"{' and '.join(idle)} is ignored with learning_rate={AUTO!r}, which has no"
            f" learning rate; one of {tuple(SCHEDULES)} has.",
            UserWarning,
            stacklevel=5,
        )


def mode_of(estimator) -> str:
    """Give the mode that "auto" stands for: what is cheapest while X is in memory."""
    if estimator.mode != "auto":
        return estimator.mode
    return "batch" if estimator.learning_rate == AUTO else "stochastic"


def minimises(estimator) -> bool:
    """Tell whether the descent minimises F, as the perceptron's rule does not."""
    return estimator.loss != "perceptron"


def rule_of(estimator) -> tuple[str, float, float, float]:
    """Give the estimator's optimizer in the core's words."""
    return core_rule(estimator.optimizer)


def core_rule(optimizer) -> tuple[str, float, float, float]:
    """Give an optimizer, a name or an object, in the core's words."""
    return (
        OPTIMIZERS[optimizer]() if isinstance(optimizer, str) else optimizer
    )._rule()


def loss_parameter(estimator) -> float:
    """Give the number in the formula of the loss, if it has one."""
    name = traits_of(estimator.loss)["parameter"]
    return float(getattr(estimator, name)) if name else 0.0


def penalty_of(estimator) -> tuple[float, float]:
    """Give alpha * R(w) as (ridge, l1)."""
    share = {"l2": 0.0, "l1": 1.0, "elasticnet": estimator.l1_ratio}
    if estimator.penalty is None:
        return 0.0, 0.0
    l1_share = share[estimator.penalty]
    return estimator.alpha * (1.0 - l1_share), estimator.alpha * l1_share
