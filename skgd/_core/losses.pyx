# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""The registry of losses, and losses that are written in Python."""

import numpy as np


LOSSES = {
    kLosses[i].name.decode(): {
        "id": i,
        "targets": kLosses[i].traits.targets.decode(),
        "classification": kLosses[i].traits.targets.decode() in ("signs", "codes"),
        "shape": kLosses[i].traits.shape.decode(),
        "curvature": kLosses[i].traits.curvature,
        "parameter": kLosses[i].traits.parameter.decode(),
        "link": kLosses[i].traits.link.decode(),
    }
    for i in range(kLossCount)
}


def traits_of(loss):
    """Give what holds of a loss: a name of the registry, or a loss of the user's."""
    return LOSSES[loss] if isinstance(loss, str) else loss._traits()


cdef class CoreLoss:
    """A loss as the core reads it.

    Parameters
    ----------
    loss : str or skgd.Loss
        A name of the registry, or an object that the core calls a block at a time.
    parameter : float
        The number in the formula.
    """

    def __init__(self, loss, double parameter):
        self.loss, self.error = loss, None
        self.c.parameter = parameter
        self.c.written.call = call
        self.c.written.loss = <void*>self
        named = isinstance(loss, str)
        self.c.name = <LossName><int>(LOSSES[loss]["id"] if named else kLossCount)

    cdef check(self):
        """Raise what the user's formulas have raised."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error


cdef double call(void* loss, size_t m, const double* y, const double* z, const double* s,
                 double* d, double* h) noexcept with gil:
    """Give the sum of s l, and d = s l', h = s l'' unless h is null; NaN after an error."""
    cdef CoreLoss core = <CoreLoss>loss
    cdef size_t i
    cdef double total = 0.0
    cdef double[::1] value, first, second
    try:
        if core.error is not None:
            return np.nan
        targets, raw = np.empty((2, m))
        value, first = targets, raw
        for i in range(m):
            value[i] = y[i]
            first[i] = z[i]
        value, first, second = core.loss._evaluate(targets, raw, h != NULL)
        for i in range(m):
            total += s[i] * value[i]
            d[i] = s[i] * first[i]
            if h != NULL:
                h[i] = s[i] * second[i]
        return total
    except BaseException as error:
        core.error = error
        for i in range(m):
            d[i] = np.nan
            if h != NULL:
                h[i] = np.nan
        return np.nan
