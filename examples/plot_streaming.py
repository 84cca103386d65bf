"""
A stream: partial_fit
=====================

``partial_fit`` reads each row once and keeps none, so that memory does not grow. It
needs no scaler, which a stream could not have: the spread of a column is not known
before the rows have been seen.
"""

# %%
# The diabetes patients come in, twenty at a time, in their own units. After each call
# the model is scored on a fifth of them that was set aside.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import SGDRegressor
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skgd import GDRegressor

X, y = load_diabetes(return_X_y=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)

ours, huber = GDRegressor(), GDRegressor("huber", epsilon=50, random_state=0)
sgd, scaler = SGDRegressor(random_state=0), StandardScaler()
scores = {"GDRegressor": [], "GDRegressor, huber": [], "running scaler, SGD": []}
seen = np.arange(20, len(y_train) + 1, 20)
for end in seen:
    rows = slice(end - 20, end)
    ours.partial_fit(X_train[rows], y_train[rows])
    huber.partial_fit(X_train[rows], y_train[rows])
    scaler.partial_fit(X_train[rows])
    sgd.partial_fit(scaler.transform(X_train[rows]), y_train[rows])
    scores["GDRegressor"].append(ours.score(X_test, y_test))
    scores["GDRegressor, huber"].append(huber.score(X_test, y_test))
    score = sgd.score(scaler.transform(X_test), y_test)
    scores["running scaler, SGD"].append(score)

# %%
# SGD is given a scaler that learns from the stream as well. The dotted line is a fit to
# all rows at once.
whole = GDRegressor(tol=1e-10).fit(X_train, y_train)
_, ax = plt.subplots(layout="constrained")
styles = (("#0072B2", "o-"), ("#56B4E9", "s--"), ("#D55E00", "^-."))
for (name, values), (colour, style) in zip(scores.items(), styles, strict=True):
    ax.plot(seen, values, style, color=colour, label=name, markersize=4)
ax.axhline(whole.score(X_test, y_test), color="k", linestyle=":", label="fit, all rows")
ax.set(
    xlabel="patients seen",
    ylabel="R² on test data",
    title="A stream of patients, twenty at a time",
    ylim=(-0.5, 0.6),
)
ax.legend(loc="center right")
plt.show()

# %%
# With squared error and an l2 penalty (or none) the stream ends in the same model as
# ``fit``: each call solves the least squares problem of all rows seen so far, exactly.
rest = slice(seen[-1], None)
ours.partial_fit(X_train[rest], y_train[rest])
distance = np.abs(ours.coef_ - whole.coef_).max() / np.abs(whole.coef_).max()
print(f"largest difference of a coefficient: {distance:.0e} of the largest")

# %%
# Other losses take averaged steps, and near the optimum without reaching it. A
# classifier has to be told all its classes in the first call.
from sklearn.datasets import load_digits

from skgd import GDClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = GDClassifier(random_state=0)
for rows in np.array_split(np.arange(len(y_train)), 40):
    model.partial_fit(X_train[rows], y_train[rows], classes=np.arange(10))
fitted = GDClassifier(alpha=1e-2).fit(X_train, y_train)
print(f"digits, each image seen once: accuracy {model.score(X_test, y_test):.3f}")
print(f"digits, fit to the optimum:   accuracy {fitted.score(X_test, y_test):.3f}")
