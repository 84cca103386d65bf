"""
Ravine against bowl, animated
=============================

Two columns of the breast cancer data in their own units make a ravine: textbook descent
goes from wall to wall, and hardly along it. In scaled coordinates the same data make a
bowl.
"""

# %%
# Mean texture of the cells and the standard error of their radius, and whether the
# tumour is benign. The texture varies 15 times as much as the other.
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from skgd import DescentPathDisplay, GDClassifier

data = load_breast_cancer(as_frame=True)
X = data.data[["radius error", "mean texture"]]
y = data.target
print(X.agg(["mean", "std"]).round(3))

# %%
# First the raw columns, centred, so that the intercept does not matter. A unit is as
# long to the right as upwards. Play the animation: a step that is not too long for the
# texture is far too short for the radius.
centred = X - X.mean()
textbook = GDClassifier(
    alpha=1e-2, mode="batch", learning_rate="constant", max_iter=40, tol=None
)
ravine = textbook.set_params(eta0=0.8)
_, ax = plt.subplots(figsize=(6.4, 2.5), layout="constrained")
display = DescentPathDisplay.from_estimator(ravine, centred, y, ax=ax)
ax.set(
    aspect="equal",
    xlabel="coefficient of radius error (log odds per unit)",
    ylabel="mean texture\n(log odds per unit)",
)
ax.legend(loc="lower left")
display.title = "Ravine: 40 steps, from wall to wall"
animation = display.animate()

# %%
# Then in standard deviations, with a learning rate five times as large, and with a unit
# as long in both directions, too. (The penalty acts on other coefficients now, so that
# the optimum is not quite that of the ravine.)
scaled = StandardScaler().set_output(transform="pandas").fit_transform(X)
bowl = textbook.set_params(eta0=4.0)
_, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
display = DescentPathDisplay.from_estimator(bowl, scaled, y, ax=ax)
ax.set(
    aspect="equal",
    xlabel="coefficient of radius error (log odds per sd)",
    ylabel="mean texture\n(log odds per sd)",
)
display.title = "Bowl: 40 steps, straight to the optimum"
animation_of_the_bowl = display.animate()

# %%
# And auto descent on the raw columns, not centred either. With ``scaled=True`` the map
# is drawn in its inner coordinates.
auto = GDClassifier(alpha=1e-2)
display = DescentPathDisplay.from_estimator(auto, X, y, scaled=True)
display.ax_.set_aspect("equal")
plt.show()
