"""
4. Three modes
==============

To feel the slope of the ground exactly, every row of the data has to be asked. But a
guess from a few rows may be good enough for a step, and many hasty steps may get
further than one careful one. This is the difference between *batch*, *mini-batch* and
*stochastic* gradient descent.
"""

# %%
# One pass over the data
# ----------------------
#
# The two columns of the last chapter, scaled. Each walk reads the 442 patients once: as
# one step, as steps of 32 patients, as 442 steps of one patient.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

data = load_diabetes(scaled=False, as_frame=True)
X = StandardScaler().fit_transform(data.data[["bmi", "s5"]])
y = (data.target - data.target.mean()).to_numpy()
order = np.random.default_rng(0).permutation(len(y))


def one_pass(rows_a_step, eta0, start=(0.0, 0.0)):
    """Give the places of a descent that reads each row once."""
    w = np.array(start)
    path = [w]
    for begin in range(0, len(y), rows_a_step):
        rows = order[begin : begin + rows_a_step]
        w = w - eta0 * X[rows].T @ (X[rows] @ w - y[rows]) / len(rows)
        path.append(w)
    return np.array(path)


best = np.linalg.lstsq(X, y)[0]
a, b = np.meshgrid(np.linspace(-8, 56, 60), np.linspace(-8, 56, 60))
places = np.column_stack((a.ravel(), b.ravel()))
heights = 0.5 * np.mean((places @ X.T - y) ** 2, axis=1).reshape(a.shape)
modes = {  # rows a step, eta0, colour and dashes
    "batch": (442, 0.5, "#0072B2", "-"),
    "mini-batch": (32, 0.2, "#009E73", "--"),
    "stochastic": (1, 0.05, "#CC79A7", "-."),
}
_, axes = plt.subplots(2, 2, figsize=(6.4, 6.8), layout="constrained")
for ax in axes.flat:
    ax.contour(a, b, heights, 12, colors="0.75", linewidths=0.8)
    ax.plot(0, 0, "s", color="#D55E00", label="start")
    ax.plot(*best, "k*", markersize=13, label="optimum")
for ax, (mode, (rows, eta0, colour, _)) in zip(axes.flat, modes.items(), strict=False):
    path = one_pass(rows, eta0)
    ax.plot(*path.T, "o-", color=colour, markersize=3, linewidth=0.8)
    plural = "" if len(path) == 2 else "s"
    ax.set_title(f"{mode}\n{len(path) - 1} step{plural}, eta0 = {eta0}")

# The fourth map, nearer to the optimum: where each of 100 passes ended, the learning
# rates falling where there is noise.
for mode, (rows, eta0, colour, dashes) in modes.items():
    path = [np.zeros(2)]
    for k in range(100):
        eta = eta0 if mode == "batch" else eta0 / (1 + k)
        path.append(one_pass(rows, eta, path[-1])[-1])
    style = {"color": colour, "linestyle": dashes, "marker": ".", "label": mode}
    axes[1, 1].plot(*np.transpose(path), **style)
around = {"xlim": best[0] + np.array([-12, 6]), "ylim": best[1] + np.array([-7, 11])}
axes[1, 1].set(title="all three, 100 passes\nfrom near by", **around)
axes[0, 0].legend(loc="upper left")
axes[1, 1].legend(axes[1, 1].lines[2:], modes)
for ax in axes[:, 0]:
    ax.set_ylabel("w of s5 (score per sd)")
for ax in axes[1]:
    ax.set_xlabel("w of bmi (score per sd)")
plt.show()

# %%
# The batch step goes straight and not far. Single rows stagger, since each patient
# pulls towards his own line, but 442 of such steps cover the distance, and then go on
# staggering around the optimum. Mini-batches are in between. The fourth map shows where
# each of 100 passes ended: if the learning rate of the two that stagger falls, all
# three meet in one point.
#
# Many passes
# -----------
#
# So the start belongs to the stochastic modes, and the end to batch mode. On all ten
# columns, with the learning rates that "constant" allows:
from skgd import ConvergenceDisplay, GDRegressor

X = StandardScaler().fit_transform(data.data)
y = data.target
rates = {"batch": 0.4, "mini-batch": 0.05, "stochastic": 0.005}
textbook = {
    f"{mode}, eta0={eta0}": GDRegressor(
        mode=mode,
        learning_rate="constant",
        eta0=eta0,
        max_iter=100,
        tol=None,
        random_state=0,
    )
    for mode, eta0 in rates.items()
}
display = ConvergenceDisplay.from_estimator(textbook, X, y)
display.ax_.set_title("Textbook descent, constant learning rates")
plt.show()

# %%
# The stochastic modes stop making progress where their noise is as large as what is
# left to gain. A smaller learning rate gets closer, and takes longer. Batch mode has no
# noise, and goes on slowly: some of the ten columns are correlated, which makes a
# ravine that a scaler does not take away.
#
# Three modes, one model
# ----------------------
#
# With ``learning_rate="auto"`` all three modes end at the optimum. An epoch of the
# stochastic modes uses single rows or batches, too, but takes out the noise (they are
# *variance-reduced*), and every epoch ends with a search for the best place in the
# plane of the directions found, which never goes uphill. X is raw again:
X = data.data
models = {
    mode: GDRegressor(mode=mode, tol=1e-8, random_state=0)
    for mode in ("batch", "mini-batch", "stochastic")
}
for mode, model in models.items():
    model.fit(X, y)
    print(f"{mode:10}  bmi {model.coef_[2]:.6f}  s5 {model.coef_[8]:.6f}")

# %%
# For a picture take a loss that one step does not solve: Huber's, which counts large
# differences less. The three descents meet at the bottom.
models = {
    mode: GDRegressor("huber", epsilon=30, mode=mode, tol=1e-10, random_state=0)
    for mode in models
}
display = ConvergenceDisplay.from_estimator(models, X, y)
display.ax_.set_title('Three modes, learning_rate="auto", raw data')
plt.show()

# %%
# Since they end in the same model, choosing between them is a matter of cost alone. On
# data that fit in memory batch mode is nearly always the cheapest, which is why
# ``mode="auto"`` takes it. For rows that come as a stream there is ``partial_fit``.
#
# Next: :doc:`what a fit knows about itself <plot_5_no_learning_rate>`.
