"""What can't be done with Dask collections, in the user's words."""

from skgd import _parameters
from skgd._core.losses import LOSSES, traits_of

_MEMORY = "bring the data into memory: X.compute(), y.compute()"


def check_supported(estimator, given) -> None:
    """Raise if a parameter has no meaning for rows in blocks.

    `given` : X_val, y_val and sample_weight_val.
    """
    e = estimator
    kinked = traits_of(e.loss)["shape"] == "kinked" or e.loss == "perceptron"
    stream = "learn block by block with partial_fit"
    refused = [
        (
            "learning_rate",
            e.learning_rate != _parameters.AUTO,
            f"set learning_rate={_parameters.AUTO!r}, or {stream}",
        ),
        ("mode", e.mode == "stochastic", "set mode='batch' or mode='mini-batch'"),
        ("loss", kinked, f"set loss to one without kinks, {_smooth(e)}, or {_MEMORY}"),
        ("positive", e.positive, f"set positive=False, or {_MEMORY}"),
        (
            "early_stopping",
            e.early_stopping,
            "set early_stopping=False, as the fit stops at the optimum, or " + _MEMORY,
        ),
    ]
    for name, found, way_out in refused:
        if found:
            raise ValueError(
                f"{name}={getattr(e, name)!r} is not supported where X is a Dask"
                f" collection: {way_out}."
            )


def _smooth(estimator) -> str:
    """Name the losses that there are for blocks."""
    kind = (
        _parameters.CLASSIFICATION_LOSSES
        if hasattr(estimator, "decision_function")
        else _parameters.REGRESSION_LOSSES
    )
    names = (name for name in kind if LOSSES[name]["shape"] != "kinked")
    return ", ".join(repr(name) for name in names if name != "perceptron")
