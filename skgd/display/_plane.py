"""Two directions in the space of models: the axes of a path's picture."""

import numpy as np

_MARGIN = 0.1  # of the picture's width, round what it shows
_BEYOND = 0.5  # of the way to the optimum: what is shown of the other side
_MOST = 1.5  # times the path's usual distance from the optimum: how far it is followed
_FIRST = 10  # epochs that say what is usual: a path that diverges goes any way later
INTERCEPT = "intercept"
PRINCIPAL = "principal"


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
        What counts as a step along an axis, if nothing moves.
    """

    def __init__(self, coordinates, scaled, best, recorded, land):
        X = land.design.matrix
        d = X.shape[1]
        self.centre = best.coef_.ravel().astype(float), float(best.intercept_[0])
        mean, sd = _moments(X) if scaled else (np.zeros(d), np.ones(d))
        # in coordinates (v, intercept at the mean), in which the path is a matrix
        unknowns = np.column_stack(
            [
                recorded.coefs[:, 0] * sd,
                recorded.intercepts[:, 0] + recorded.coefs[:, 0] @ mean,
            ]
        )
        target = np.append(self.centre[0] * sd, self.centre[1] + self.centre[0] @ mean)
        if isinstance(coordinates, str) and coordinates == PRINCIPAL:
            basis, names = (
                _principal(unknowns - target),
                (
                    "first principal direction of the path",
                    "second principal direction of the path",
                ),
            )
            self.path, self.optimum = (unknowns - target) @ basis.T, np.zeros(2)
        else:
            chosen = _positions(coordinates, best, d)
            basis = np.eye(d + 1)[chosen]
            names = tuple(_name(j, best, d, scaled) for j in chosen)
            self.path, self.optimum = unknowns[:, chosen], target[chosen]
        self.names = names
        self.directions = []
        for row in basis:
            coef = row[:d] / sd
            self.directions.append((coef, row[d] - coef @ mean))
        self.sizes = np.maximum(np.abs(self.optimum), 1e-12)


def _moments(X):
    """Give means and standard deviations of the columns, 1 for those without any."""
    mean = np.asarray(X.mean(axis=0), dtype=float).ravel()
    square = X.multiply(X) if hasattr(X, "multiply") else None
    if square is None:
        sd = np.asarray(X.std(axis=0), dtype=float)
    else:
        mean_square = np.asarray(square.mean(axis=0), dtype=float).ravel()
        sd = np.sqrt(np.maximum(mean_square - mean**2, 0.0))
    return mean, np.where(sd > 0.0, sd, 1.0)


def _principal(moves):
    """Give the two orthonormal directions in which a path is longest."""
    _, _, directions = np.linalg.svd(moves, full_matrices=True)
    return directions[:2]


def _positions(coordinates, best, d):
    """Give the two unknowns meant, the intercept being number d."""
    if coordinates is None:
        coordinates = (0, 1) if d > 1 else (0, INTERCEPT)
    names = list(getattr(best, "feature_names_in_", []))
    found = []
    for one in coordinates:
        if isinstance(one, str) and one in names:
            found.append(names.index(one))
        elif isinstance(one, str) and one == INTERCEPT and best.fit_intercept:
            found.append(d)
        elif isinstance(one, (int, np.integer)) and -d <= one < d:
            found.append(int(one) % d)
        else:
            words = f"features 0 to {d - 1}"
            words += ", their names" if names else ""
            words += f" or {INTERCEPT!r}" if best.fit_intercept else ""
            raise ValueError(f"coordinates must be two of {words}; got {one!r}.")
    if len(found) != 2 or found[0] == found[1]:
        raise ValueError(
            f"coordinates must be two different ones or {PRINCIPAL!r}; got"
            f" {coordinates!r}."
        )
    return found


def _name(position, best, d, scaled):
    if position == d:
        return "intercept at the mean" if scaled else "intercept"
    names = getattr(best, "feature_names_in_", None)
    name = f"feature {position}" if names is None else names[position]
    return f"coefficient of {name}" + (", per standard deviation" if scaled else "")


def axis(path, target, size, n):
    """Give values that show start, optimum and both its sides, and the path if near."""
    way = path[0] - target
    usual = float(np.median(np.abs(path[:_FIRST] - target)))
    reach = _MOST * max(abs(way), usual if np.isfinite(usual) else 0.0) or size
    near = np.clip(path[np.isfinite(path)], target - reach, target + reach)
    far = target - _BEYOND * way
    low, high = min(near.min(), far, target), max(near.max(), far, target)
    margin = _MARGIN * (high - low) or size
    return np.linspace(low - margin, high + margin, n)
