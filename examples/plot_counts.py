"""
Counts: visits to the doctor
============================

Counts are never negative, many are zero, and the larger they are the more they vary.
``loss="poisson"`` takes that into account: the model predicts ``exp(x . w + b)``, a
mean that is always above zero, and no column wants scaling first.

The data come with the package ``statsmodels`` (``pip install statsmodels``): visits to
a doctor in a year, of 20 190 people of the RAND health insurance experiment.
"""

# %%
# Coinsurance is the share of the bill that people paid themselves. In the data it is in
# logarithms; here it is in percent again.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import d2_tweedie_score, mean_poisson_deviance
from sklearn.model_selection import train_test_split

from skgd import GDRegressor

try:
    from statsmodels.datasets import randhie
except ImportError as error:
    raise ImportError(
        "This example reads data of statsmodels: pip install it."
    ) from error

frame = randhie.load_pandas().data
y = frame.pop("mdvis")
frame["coinsurance"] = np.expm1(frame.pop("lncoins"))
X_train, X_test, y_train, y_test = train_test_split(frame, y, random_state=0)
print(f"{(y == 0).mean():.0%} did not go at all, the mean is {y.mean():.1f} visits,")
print(f"and one of them went {y.max():.0f} times.")

# %%
# By squares a mean may come out below zero; for these people it comes near. ``score``
# is R2 for all losses. Of counts the deviance says more, and D2 is the share of it that
# a model explains. Little of who goes how often is in these columns.
squares = GDRegressor().fit(X_train, y_train)
poisson = GDRegressor("poisson").fit(X_train, y_train)
for name, model in (("squared_error", squares), ("poisson", poisson)):
    mean = model.predict(X_test)
    print(f"{name:13}: smallest prediction {mean.min():5.2f}, ", end="")
    print(f"R2 {model.score(X_test, y_test):.3f}, ", end="")
    print(f"D2 {d2_tweedie_score(y_test, mean, power=1):.3f}")

# %%
# A coefficient acts by a factor: ``exp(w)`` to each unit of its column.
for name, w in sorted(
    zip(frame.columns, poisson.coef_, strict=True), key=lambda p: p[1]
):
    print(f"{name:12} visits x {np.exp(w):.3f} a unit")

# %%
# Are the predicted means right? In ten groups of unseen people, from those with the
# smallest prediction to those with the largest, the mean of the visits should be the
# mean of the predictions: on the grey line.
_, ax = plt.subplots(layout="constrained")
for (name, model), color in zip(
    (("squared_error", squares), ("poisson", poisson)),
    ("#D55E00", "#0072B2"),
    strict=True,
):
    mean = model.predict(X_test)
    groups = np.array_split(np.argsort(mean), 10)
    ax.plot(
        [mean[group].mean() for group in groups],
        [y_test.to_numpy()[group].mean() for group in groups],
        "o-",
        color=color,
        label=name,
    )
ax.axline((0, 0), slope=1, color="0.6", zorder=0, label="as predicted")
ax.set(
    xlabel="predicted visits a year, mean of a group",
    ylabel="visits a year, mean of the group",
    title="Ten groups of people, by prediction",
)
ax.legend()
plt.show()

# %%
# The variance of these counts is above their mean, where Poisson's is equal to it. The
# Tweedie losses let it grow faster, up to the square of the mean. The means of unseen
# people are no better for it: a wrong variance costs little as long as the mean is
# right.
for power in (1.0, 1.3, 1.6, 1.9):
    model = GDRegressor("tweedie", power=power).fit(X_train, y_train)
    deviance = mean_poisson_deviance(y_test, model.predict(X_test))
    print(f"power {power}: mean Poisson deviance {deviance:.3f}")
