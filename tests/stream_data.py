"""Rows for partial_fit without a learning rate."""

import numpy as np

from skgd import GDClassifier, GDRegressor

RNG = np.random.default_rng(0)
N, D = 300, 6
X = RNG.normal(size=(N, D)) * [1e-3, 1.0, 10.0, 1.0, 1e3, 1.0] + [0, 5, -3, 0, 1e4, 0]
TARGETS = (X - X.mean(0)) / X.std(0) @ [1.0, -2.0, 0.0, 0.5, 3.0, 0.0] + 20
TARGETS += RNG.normal(size=N)
LABELS = np.digitize(TARGETS, [18.0, 22.0])
REGRESSION = ("squared_error", "huber", "absolute_error", "quantile")
REGRESSION += ("epsilon_insensitive", "squared_epsilon_insensitive")
CLASSIFICATION = ("log_loss", "hinge", "squared_hinge", "modified_huber", "perceptron")


def regressor(**parameters):
    return GDRegressor(**{"learning_rate": "auto", "random_state": 0} | parameters)


def classifier(**parameters):
    return GDClassifier(**{"learning_rate": "auto", "random_state": 0} | parameters)


def stream(model, X, y, splits=(), weight=None, **known):
    rows = np.split(np.arange(X.shape[0]), splits)
    for part in rows:
        own = None if weight is None else weight[part]
        model.partial_fit(X[part], y[part], sample_weight=own, **known)
    return model
