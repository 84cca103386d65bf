"""
2. Hours, or off the cliff
==========================

The learning rate says how far a step goes. If it is too small, the walk takes hours. If
it is too large, we step over the valley, land higher up on the other side, take an even
longer step back, and end off the cliff. In between there is a range in which it works,
and where that range lies depends on the data.
"""

# %%
# One number, three learning rates
# --------------------------------
#
# The data of the first chapter, without the height b, so that the landscape is a curve
# over w alone.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True, scaled=False)
x = (X[:, 2] - 25) / 5
y = y - y.mean()


def objective(w):
    """Give half the mean squared difference between y and w x."""
    return 0.5 * np.mean((y - w * x) ** 2)


def walk(eta0, steps, w=0.0):
    """Give the places of a descent with a constant learning rate."""
    path = [w]
    for _ in range(steps):
        w = w - eta0 * np.mean((w * x - y) * x)
        path.append(w)
    return np.array(path)


_, axes = plt.subplots(3, 1, sharex=True, figsize=(6.4, 7.5), layout="constrained")
w_axis = np.linspace(-110, 210, 100)
for ax, eta0, word in zip(
    axes, (0.05, 0.9, 2.5), ("hours", "arrives", "off the cliff"), strict=True
):
    ax.plot(w_axis, [objective(w) for w in w_axis], color="0.6")
    path = walk(eta0, 8)
    ax.plot(path, [objective(w) for w in path], "o-", color="#0072B2", markersize=5)
    ax.plot(0, objective(0), "s", color="#D55E00", label="start")
    ax.set(ylabel="objective F", title=f"eta0 = {eta0}: {word}", ylim=(0, 12000))
axes[0].legend()
axes[-1].set_xlabel("w (score per 5 kg/m²)")
plt.show()

# %%
# Eight steps each. In the first picture the walk has hardly moved; in the second it is
# there after two; in the third each step lands on the other side, higher up.
#
# The limit is where the overshoot is as large as the error before. For this curve it
# is 2 divided by the mean of x²:
print(f"largest stable learning rate: {2 / np.mean(x**2):.2f}")
for eta0 in (2.3, 2.4):
    print(f"eta0 = {eta0}: w after 100 steps = {walk(eta0, 100)[-1]:.4g}")

# %%
# On all ten columns
# ------------------
#
# :class:`skgd.LearningRateDisplay` runs a model with several learning rates on your own
# data: one that crawls, a good one, one just below the limit, one above. It also runs
# ``learning_rate="auto"``, which is the default and needs none.
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skgd import GDRegressor, LearningRateDisplay

X, y = load_diabetes(return_X_y=True, scaled=False)
X = StandardScaler().fit_transform(X)
_ = LearningRateDisplay.from_estimator(GDRegressor(), X, y)
plt.show()

# %%
# Without the display, a fit that falls off the cliff says so, and says which learning
# rate would have been safe:
try:
    GDRegressor(mode="batch", learning_rate="constant", eta0=1.0).fit(X, y)
except ValueError as error:
    print(error)

# %%
# Learning rates that shrink
# --------------------------
#
# Textbooks know a way out of the choice: begin boldly and get more careful. These are
# the *schedules*, the same as in scikit-learn's SGD:
#
# =================  ==========================================================
# ``learning_rate``  the learning rate of step t = 1, 2, 3, ...
# =================  ==========================================================
# "constant"         ``eta0``
# "invscaling"       ``eta0 / t ** power_t``
# "optimal"          ``1 / (alpha (t0 + t - 1))``, with t0 chosen from alpha
# "adaptive"         ``eta0``, divided by 5 whenever there is no more progress
# =================  ==========================================================
#
# None of them looks at the data. A start that is too bold for the data diverges under
# every schedule, and one that is too timid gets more timid.
#
# :class:`skgd.ConvergenceDisplay` shows how far above the lowest point each descent is
# after each epoch, as a share of what there is to gain. An epoch is one pass over the
# data; here it has 14 steps, of 32 patients each.
from skgd import ConvergenceDisplay

textbook = GDRegressor(mode="mini-batch", eta0=0.1, random_state=0)
models = {
    "constant": textbook.set_params(learning_rate="constant", max_iter=40, tol=None),
    "invscaling": clone(textbook).set_params(learning_rate="invscaling"),
    "adaptive": clone(textbook).set_params(
        learning_rate="adaptive", max_iter=1000, tol=1e-4
    ),
    "auto": GDRegressor(),
}
display = ConvergenceDisplay.from_estimator(models, X, y)
display.ax_.set_title("Schedules with eta0 = 0.1, and none")
plt.show()

# %%
# A constant rate with few patients a step ends in a restless walk around the lowest
# point; the schedules calm it down. "auto" has arrived before they have begun. How, is
# the last chapter.
#
# Next: :doc:`why a walk can be slow at every learning rate <plot_3_ravine_and_bowl>`.
