"""
Ravine against bowl, animated
=============================

Two columns of the breast cancer data in their own units make a ravine: textbook descent
finds its floor, and then hardly moves along it. In scaled coordinates the same problem
is a bowl.
"""

# %%
# Mean radius and mean smoothness of the cells, and whether the tumour is benign. The
# radius is around 14, the smoothness around 0.1.
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from skgd import DescentPathDisplay, GDClassifier

data = load_breast_cancer(as_frame=True)
X = data.data[["mean radius", "mean smoothness"]]
y = data.target
print(X.agg(["mean", "std"]).round(3))

# %%
# First the raw columns, centred, so that the intercept does not matter. Play the
# animation: the coefficient of the smoothness does not leave zero, since a step that is
# not too long for the radius is far too short for it.
centred = X - X.mean()
textbook = GDClassifier(
    alpha=1e-4, mode="batch", learning_rate="constant", max_iter=25, tol=None
)
ravine = textbook.set_params(eta0=0.6)
display = DescentPathDisplay.from_estimator(ravine, centred, y)
animation = display.animate()

# %%
# Then in standard deviations, with a learning rate ten times as large.
scaled = StandardScaler().set_output(transform="pandas").fit_transform(X)
bowl = textbook.set_params(eta0=6.0)
display = DescentPathDisplay.from_estimator(bowl, scaled, y)
animation_of_the_bowl = display.animate()

# %%
# And auto descent on the raw columns, not centred either. With ``scaled=True`` the map
# is drawn in its inner coordinates.
auto = GDClassifier(alpha=1e-4)
_ = DescentPathDisplay.from_estimator(auto, X, y, scaled=True)
plt.show()
