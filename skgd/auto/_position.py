"""Where a descent is: a model, and what passes over X find there."""


class Position:
    """A model of a task, its raw predictions, and the loss of each row there.

    Parameters
    ----------
    task : Task
        What is minimised.
    v, b : ndarray of shapes (K, n_features), (K,)
        The model.
    earlier : Position or None
        At (v, b), of the same task but for the penalty: its arrays are taken over.

    Attributes
    ----------
    z, d, h : ndarray of shape (K, n_rows)
        The raw predictions, and s l'(z) and s l''(z) once they are evaluated.
    objective : float
        F there.
    """

    def __init__(self, task, v, b, earlier=None):
        self.task, self.v, self.b = task, v, b
        if earlier is None:
            self.predict()
            self.d, self.h = task.space.room(task)
        else:
            self.z, self.d, self.h = earlier.z, earlier.d, earlier.h
            self._loss, self._slope = earlier._loss, earlier._slope
        self.evaluate()

    def predict(self):
        """Compute the raw predictions afresh."""
        self.z = self.task.view.matvec(self.v) + self.b[:, None]
        self._loss = self._slope = None

    def evaluate(self):
        """Find F, d and h where z has moved."""
        if self._loss is None:
            self._loss = self.task.loss.evaluate(self.z, self.d, self.h)
        self.objective = self._loss + self.task.penalty(self.v)

    @property
    def slope(self):
        """The gradient of the loss in v, d A: a pass over X."""
        if self._slope is None:
            self._slope = self.task.view.rmatvec(self.d)
        return self._slope

    @property
    def place(self):
        """What `go` comes back by."""
        return self.v, self.b, self.z

    def go(self, v, b, z):
        """Go to another model, whose raw predictions are z, and find F there."""
        self.v, self.b, self.z = v, b, z
        self._loss = self._slope = None
        self.evaluate()

    def advance(self, dv, db, dz):
        """Go on by a step, in the memory of z; F is left to `evaluate`."""
        self.v, self.b = self.v + dv, self.b + db
        self.z += dz
        self._loss = self._slope = None

    def shift(self, v):
        """Take other coefficients, that give the same raw predictions."""
        if v is not self.v:
            self.v = v
            self.evaluate()
