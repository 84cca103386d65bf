"""Two directions in the space of models: the axes of a path's picture."""

from collections.abc import Iterable

import numpy as np

from skgd.auto._coordinates import look_at_columns
from skgd.display._grid import slope

_MARGIN = 0.1  # of the length of what is shown, beyond each of its ends
_BEYOND = 0.5  # of the way to the optimum: what is shown of its other side
_MOST = 4.0  # times the first distances from the optimum: how far a path is followed
_ROUNDING = 1e-9  # of the length of a path: what is no direction of it
_FIRST = 3  # of them: a path that diverges goes any way later
INTERCEPT = "intercept"
PRINCIPAL = "principal"
_WHICH = "first", "second"


class Plane:
    """Two directions in the space of models, and where path and optimum lie in them.

    Attributes
    ----------
    centre : tuple
        The optimum, (coef (n_features,), intercept).
    directions : list of two such tuples
        What a unit along each axis is.
    path, optimum : ndarray of shapes (n, 2), (2,)
        In units of the directions.
    names : tuple of two str
        Of the axes.
    sizes : ndarray of shape (2,)
        How far to look along an axis, if nothing moves.
    n_hidden : int
        Unknowns that stay at the optimum in the whole plane.
    """

    def __init__(self, coordinates, scaled, recorded, land):
        best = land.best
        d, has_intercept = best.n_features_in_, bool(best.fit_intercept)
        self.n_hidden = d + has_intercept - 2
        if self.n_hidden < 0:
            raise ValueError("The picture of a path needs two unknowns: here is one.")
        self.centre = _one((best.coef_, best.intercept_))
        mean, sd = np.zeros(d), np.ones(d)
        if scaled:
            mean, sd = _moments(land.problem, has_intercept)

        def unknowns(coef, intercept):
            """Give the coordinates of a model, the intercept at the mean being last."""
            return np.append(coef * sd, intercept + coef @ mean)

        target = unknowns(*self.centre)
        path = np.array([unknowns(w.ravel(), b[0]) for w, b in recorded.seen])
        is_line = False
        if isinstance(coordinates, str) and coordinates == PRINCIPAL:
            free = np.arange(d + 1) < d + has_intercept
            basis = np.zeros((2, d + 1))
            basis[:, free], is_line = _principal((path - target)[:, free])
            self.names = tuple(f"{which} principal direction" for which in _WHICH)
            if is_line:
                of_coef, of_intercept = slope(land.problem, *_one(recorded.seen[0]))
                gradient = np.append((of_coef - of_intercept * mean) / sd, of_intercept)
                basis[1, free] = _across(basis[0, free], gradient[free])
                self.names = self.names[0], "the gradient at the start, across"
            self.path, self.optimum = (path - target) @ basis.T, np.zeros(2)
            if is_line:
                self.path[:, 1] = 0.0
        else:
            chosen = _positions(coordinates, best, d)
            basis = np.zeros((2, d + 1))
            basis[[0, 1], chosen] = 1.0
            self.names = tuple(_name(j, best, scaled) for j in chosen)
            self.path, self.optimum = path[:, chosen], target[chosen]
        self.directions = []
        for row in basis:
            coef = row[:d] / sd
            self.directions.append((coef, row[d] - coef @ mean))
        self.sizes = np.where(self.optimum == 0.0, 1.0, np.abs(self.optimum))
        if is_line:
            self.sizes[1] = self._width(recorded, land)

    def _width(self, recorded, land):
        """Give how far across a straight path F is as high as at its start."""
        height = land.objective(*recorded.seen[0]) - land.least
        length = abs(self.path[0, 0])
        (coef, intercept), (of_coef, of_intercept) = self.centre, self.directions[1]
        there = (coef + length * of_coef)[None, :], [intercept + length * of_intercept]
        rise = land.objective(*there) - land.least
        share = height / rise if 0.0 < height < np.inf and 0.0 < rise < np.inf else 1.0
        return length * np.sqrt(share)


def _moments(problem, has_intercept):
    """Give weighted means and standard deviations of the columns, 1 for those of none.

    Without an intercept nothing is centred: zeros, and root mean squares.
    """
    _, mean, variance = look_at_columns(problem, has_intercept)
    return mean, np.sqrt(np.where(variance > 0.0, variance, 1.0))


def _principal(moves):
    """Give the orthonormal directions in which a path is longest, and if it has one."""
    moves = moves[np.isfinite(moves).all(axis=1)]
    moves = np.vstack([moves, np.zeros_like(moves[:1])])  # two rows at least
    _, lengths, directions = np.linalg.svd(moves, full_matrices=False)
    return directions[:2], lengths[0] > 0.0 and lengths[1] <= _ROUNDING * lengths[0]


def _across(first, gradient):
    """Give the unit direction of a gradient across another, or of any across it."""
    axis = np.eye(1, len(first), int(np.argmin(np.abs(first))))[0]
    for direction in gradient, axis:
        across = direction - (direction @ first) * first
        across -= (across @ first) * first  # once more: what is left may be small
        length = np.linalg.norm(across)
        if _ROUNDING * np.linalg.norm(direction) < length < np.inf:
            break
    return across / length


def _one(model):
    """Give the model of one output as (coef (n_features,), intercept)."""
    coef, intercept = model
    return coef.ravel().astype(float), float(np.ravel(intercept)[0])


def _positions(coordinates, best, d):
    """Give the two unknowns meant, the intercept being number d."""
    if coordinates is None:
        coordinates = (0, 1) if d > 1 else (0, INTERCEPT)
    if isinstance(coordinates, str) or not isinstance(coordinates, Iterable):
        raise ValueError(
            f"coordinates must be two of {_known(best, d)}, or {PRINCIPAL!r}; got"
            f" {coordinates!r}."
        )
    names = _names(best)
    found = []
    for one in coordinates:
        if isinstance(one, str) and one in names:
            found.append(names.index(one))
        elif isinstance(one, str) and one == INTERCEPT and best.fit_intercept:
            found.append(d)
        elif isinstance(one, (int, np.integer)) and -d <= one < d:
            found.append(int(one) % d)
        else:
            raise ValueError(
                f"coordinates must be two of {_known(best, d)}; got {one!r}."
            )
    if len(found) != 2 or found[0] == found[1]:
        raise ValueError(
            f"coordinates must be two different ones or {PRINCIPAL!r}; got"
            f" {coordinates!r}."
        )
    return found


def _names(best):
    """Give the names of the features, none if they have none."""
    return list(getattr(best, "feature_names_in_", []))


def _known(best, d):
    """Say which unknowns there are."""
    words = f"features 0 to {d - 1}"
    words += ", their names" if _names(best) else ""
    return words + (f" or {INTERCEPT!r}" if best.fit_intercept else "")


def _name(position, best, scaled):
    if position == best.n_features_in_:
        return "intercept at the mean" if scaled else "intercept"
    names = _names(best)
    name = names[position] if names else f"feature {position}"
    if not scaled:
        return f"coefficient of {name}"
    deviation = "standard deviation" if best.fit_intercept else "root mean square"
    return f"coefficient of {name}, per {deviation}"


def window(plane, whole, alike, n):
    """Give n values along each axis that show start, optimum and its other side.

    `whole` : whether all of the path is shown, or only what is near.
    `alike` : whether both axes are as long, as their units are the same.
    """
    ends = [
        _extent(values, target, whole)
        for values, target in zip(plane.path.T, plane.optimum, strict=True)
    ]
    lengths = np.array([high - low for low, high in ends])
    if alike:
        lengths[:] = lengths.max()
    lengths = np.where(lengths > 0.0, lengths, 2.0 * plane.sizes)
    half = (0.5 + _MARGIN) * lengths
    middles = [0.5 * (low + high) for low, high in ends]
    return [np.linspace(m - h, m + h, n) for m, h in zip(middles, half, strict=True)]


def _extent(path, target, whole):
    way = path[0] - target
    seen = path[np.isfinite(path)]
    if not whole:
        near = max(abs(way), float(np.median(np.abs(seen[:_FIRST] - target))))
        seen = np.clip(seen, target - _MOST * near, target + _MOST * near)
    far = target - _BEYOND * way
    return min(seen.min(), far, target), max(seen.max(), far, target)
