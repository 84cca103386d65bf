"""
Three modes on one problem
==========================

Batch, mini-batch and stochastic descent differ in how many rows a step reads. With
``learning_rate="auto"`` they end in the same model, so that what remains to compare is
the cost.
"""

# %%
# The digits data: 1797 images of 64 pixels, ten classes, softmax.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skgd import ConvergenceDisplay, GDClassifier

X, y = load_digits(return_X_y=True)
models = {
    mode: GDClassifier(alpha=1e-2, mode=mode, tol=1e-8, random_state=0)
    for mode in ("batch", "mini-batch", "stochastic")
}
for mode, model in models.items():
    model.fit(X, y)
    print(
        f"{mode:10}  objective {model.objective_:.8f}  epochs {model.n_iter_:2}"
        f"  milliseconds {1e3 * model.history_['seconds'][-1]:4.0f}"
    )

# %%
# The coefficients are the same, too.
first = models["batch"].coef_
for mode, model in models.items():
    distance = np.abs(model.coef_ - first).max() / np.abs(first).max()
    print(f"{mode:10}  largest difference from batch {distance:.0e} of the largest")

# %%
# By epochs they are close together. By time batch mode is ahead: its epoch costs less,
# while the correction by the curvature, which all three share, does most of the work.
_, axes = plt.subplots(2, 1, figsize=(6.4, 7.5), layout="constrained")
display = ConvergenceDisplay.from_estimator(models, X, y, ax=axes[0])
_ = display.plot(axes[1], x="seconds")
for ax, x in zip(axes, ("epochs", "seconds"), strict=True):
    ax.set_title(f"Digits, by {x}")
    ax.locator_params(axis="x", nbins=6)
plt.show()
