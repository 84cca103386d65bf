"""
Ravine against bowl, animated
=============================

Two columns of the breast cancer data in their own units make a ravine, in which
textbook descent goes from wall to wall. In scaled coordinates the same problem is a
bowl.
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
# First the raw columns, centred, so that the intercept does not matter. The penalty
# keeps the coefficients finite: 0.1 is a strong one for the smoothness.
centred = X - X.mean()
textbook = GDClassifier(
    alpha=1e-4, mode="batch", learning_rate="constant", max_iter=40, tol=None
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
# And auto descent on the raw columns, not centred either. The map is drawn in its inner
# coordinates (``scaled=True``).
auto = GDClassifier(alpha=1e-4)
_ = DescentPathDisplay.from_estimator(auto, X, y, scaled=True).plot(kind="surface")
plt.show()
