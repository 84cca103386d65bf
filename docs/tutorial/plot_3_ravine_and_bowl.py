"""
3. Ravine and bowl
==================

In a round bowl, the steepest way down leads to the bottom. In a long, narrow ravine it
leads to the other wall: the walk bounces from side to side, and hardly moves along the
ravine. Which of the two you get depends on the units of the columns.
"""

# %%
# Two columns in their own units
# ------------------------------
#
# The body mass index of the patients, and the logarithm of their triglycerides. One has
# a standard deviation of 4.4 kg/m², the other one of 0.5. Both are centred here, and so
# is y, so that there are just two numbers to find.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

from skgd import DescentPathDisplay, GDRegressor

data = load_diabetes(scaled=False, as_frame=True)
X = data.data[["bmi", "s5"]]
X = X - X.mean()
y = data.target - data.target.mean()
print(X.std().round(2).to_dict())

# %%
# The learning rate must be small enough for the steep direction, that of the column
# with large numbers. For the flat one it is far too small, then.
settings = {
    "penalty": None,
    "fit_intercept": False,
    "mode": "batch",
    "learning_rate": "constant",
    "max_iter": 50,
    "tol": None,
}
limit = 2 / np.linalg.eigvalsh(X.T @ X / len(X)).max()
print(f"largest stable learning rate: {limit:.3f}")
ravine = GDRegressor(eta0=round(0.95 * limit, 3), **settings)
_, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
_ = DescentPathDisplay.from_estimator(ravine, X, y, coordinates=("s5", "bmi"), ax=ax)
names = {
    "xlabel": "coefficient of s5 (score per unit of the logarithm)",
    "ylabel": "coefficient\nof bmi (score\nper kg/m²)",
}
ax.set(aspect="equal", title="Ravine: 50 steps from wall to wall", **names)
plt.show()

# %%
# After 50 steps from wall to wall, the walk is still far from the lowest point. How
# many steps are needed is, roughly, the ratio of the steepest to the flattest
# curvature, the *condition number* of the landscape.
print(f"condition number: {np.linalg.cond(X.T @ X):.0f}")

# %%
# The same in standard deviations
# -------------------------------
#
# Divide each column by its standard deviation, as ``StandardScaler`` does, and the
# ravine becomes a bowl. (It is not quite round, as the two columns are correlated.)
scaled = X / X.std(ddof=0)
print(f"condition number: {np.linalg.cond(scaled.T @ scaled):.1f}")
limit = 2 / np.linalg.eigvalsh(scaled.T @ scaled / len(X)).max()
bowl = GDRegressor(eta0=round(0.5 * limit, 3), **settings)
display = DescentPathDisplay.from_estimator(bowl, scaled, y, coordinates=("s5", "bmi"))
names_of_scaled = {
    "xlabel": "coefficient of s5 (score per sd)",
    "ylabel": "coefficient of bmi (score per sd)",
}
title = "Bowl: a few steps to the lowest point"
display.ax_.set(aspect="equal", title=title, **names_of_scaled)
plt.show()

# %%
# This is why every course says: scale your data before gradient descent. With
# scikit-learn that is ``make_pipeline(StandardScaler(), SGDRegressor())``.
#
# What a scaler changes
# ---------------------
#
# A scaler is not for free. The penalty then weighs the coefficients of the scaled
# columns, so that the model is another one; sparse data cannot be centred without
# filling all their zeros; and on a stream the scaler must have seen the data before the
# model does.
#
# ``learning_rate="auto"`` scales and centres *inside*. That is a change of variables,
# as when a map is drawn in other units: the valley stays where it is. Coefficients,
# penalty and data remain yours. Here it starts from the same raw columns:
auto = GDRegressor(penalty=None, fit_intercept=False)
_, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
_ = DescentPathDisplay.from_estimator(auto, X, y, coordinates=("s5", "bmi"), ax=ax)
ax.set(aspect="equal", title="The same ravine, without a learning rate", **names)
plt.show()

# %%
# One step. It does not follow the gradient, but what the gradient would be in a round
# bowl. With squared error one such step is exact; other losses take a few.
#
# All ten columns, raw, not even centred
# --------------------------------------
X, y = load_diabetes(return_X_y=True, scaled=False)
print("standard deviations:", X.std(axis=0).round(1))
model = GDRegressor().fit(X, y)
print(f"R2 {model.score(X, y):.3f} after {model.n_iter_} epoch")

# %%
# Next: :doc:`how many rows a step should read <plot_4_three_modes>`.
