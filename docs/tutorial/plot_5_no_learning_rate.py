"""
5. Without a learning rate
==========================

What is left is the default: ``GDClassifier()`` and ``GDRegressor()`` as they are. This
chapter shows what they do on raw data, when they stop, and how they know.
"""

# %%
# Raw data
# --------
#
# The breast cancer data: 569 tumours, 30 measurements of cells, from thousandths to
# thousands.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_score

from skgd import GDClassifier

X, y = load_breast_cancer(return_X_y=True)
deviations = X.std(axis=0)
print(f"standard deviations from {deviations.min():.1g} to {deviations.max():.3g}")
for model in (SGDClassifier("log_loss", random_state=0), GDClassifier(alpha=1e-3)):
    accuracy = cross_val_score(model, X, y, cv=5)
    print(f"{type(model).__name__:14} accuracy {accuracy.mean():.3f}")

# %%
# What happens in an epoch
# ------------------------
#
# 1. *Scale inside.* The walk takes place in coordinates in which every column has been
#    centred and divided by its spread, and starts at the best model without columns.
# 2. *Straighten the ravine.* Columns that go together still make a ravine. So the
#    gradient is corrected by the curvature of the landscape: the direction is the one
#    that the gradient would have in a round bowl.
# 3. *Search a plane.* Instead of a learning rate: the lowest point of the whole plane
#    spanned by that direction and the last step. The objective is known along such a
#    plane without reading the columns again, since predictions are linear in the
#    coefficients. It can never go up.
#
# Here is the walk, over the two directions in which it went furthest. The first step
# is long and leaves the map; it still goes down, in directions not shown.
from skgd import DescentPathDisplay

model = GDClassifier(alpha=1e-3)
_ = DescentPathDisplay.from_estimator(model, X, y, coordinates="principal")
plt.show()

# %%
# When to stop
# ------------
#
# Most optimisers stop when little changes, which may mean that they have arrived or
# that they are stuck. skgd estimates what is left to gain, ``suboptimality_``, and
# stops when that is a small share, ``tol``, of what has been gained. ``converged_``
# says whether this came about.
model.fit(X, y)
print(f"converged after {model.n_iter_} epochs: {model.converged_}")
print(f"objective {model.objective_:.6f}, left to gain {model.suboptimality_:.1e}")

# %%
# Is the estimate true? Fit with several tolerances, and compare with a fit so tight
# that nothing is left.
least = GDClassifier(alpha=1e-3, tol=1e-13).fit(X, y).objective_
tols = 10.0 ** -np.arange(1, 9)
fits = [GDClassifier(alpha=1e-3, tol=tol).fit(X, y) for tol in tols]
truth = np.array([fit.objective_ - least for fit in fits])
estimates = np.array([fit.suboptimality_ for fit in fits])

_, ax = plt.subplots(layout="constrained")
ax.loglog(tols, estimates, "o-", color="#0072B2", label="suboptimality_, the estimate")
ax.loglog(tols, truth, "s--", color="#D55E00", label="the truth")
ax.set(
    xlabel="tol, share of the gain",
    ylabel="F - F*, left to gain",
    title="What a fit says of itself, and what is true",
)
ax.legend()
plt.show()

# %%
# When there is not enough time
# -----------------------------
#
# If ``max_iter`` ends the descent, the warning says how much there was left to gain,
# so that one can judge whether it matters.
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    GDClassifier(alpha=1e-3, max_iter=3).fit(X, y)
print(caught[0].message)

# %%
# Where to go on: the :doc:`user guide </guide>` for what to choose, the
# :doc:`examples </gallery/examples/index>` for one idea each, and
# :doc:`how auto descent works </how-it-works>` for the mathematics.
