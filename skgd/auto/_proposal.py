"""A step that a model proposes."""

from functools import cached_property


class Proposal:
    """A step, and what the model that it minimises says of it.

    Parameters
    ----------
    view : View
        Of X.
    dv, db : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        The step.
    slope : float
        Of F along it, at its start.
    promised : float
        The decrease of the model.
    fine : bool
        Whether the model is minimised as exactly as an estimate asks for.
    """

    def __init__(self, view, dv, db, slope, promised, fine=False):
        self.dv, self.db, self.slope = dv, db, slope
        self.promised, self.fine = promised, fine
        self._view = view

    @cached_property
    def image(self):
        """What the step does to the raw predictions, for one pass over X."""
        return self._view.matvec(self.dv) + self.db[:, None]

    def along(self):
        """Give (dv, db, image)."""
        return self.dv, self.db, self.image
