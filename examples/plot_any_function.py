"""
Any function: gradient_descent
==============================

:func:`skgd.gradient_descent` goes down any function of several variables. It is called
as a method of ``scipy.optimize.minimize``.
"""

# %%
# Rosenbrock's function is a curved ravine: to find it is easy, to follow it is not.
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize, rosen, rosen_der

from skgd import gradient_descent

start = [-1.2, 1.0]
runs = {
    "constant": {"learning_rate": "constant", "eta0": 1e-3, "maxiter": 20000},
    "momentum": {
        "learning_rate": "constant",
        "eta0": 1e-3,
        "optimizer": "momentum",
        "maxiter": 20000,
    },
    "auto": {},
}
paths = {}
for name, options in runs.items():
    found = minimize(
        rosen,
        start,
        jac=rosen_der,
        method=gradient_descent,
        options={"return_all": True, **options},
    )
    paths[name] = np.array(found.allvecs)
    print(
        f"{name:9} iterations {found.nit:6}  gradients {found.njev:6}"
        f"  function {found.fun:.1e}  {found.message}"
    )

# %%
# The first 2000 iterations of each, over the logarithm of the function.
a, b = np.meshgrid(np.linspace(-1.6, 1.6, 120), np.linspace(-0.6, 1.8, 120))
heights = np.log10(rosen(np.stack((a, b))) + 1e-3)
_, axes = plt.subplots(3, 1, figsize=(6.4, 9), sharex=True, layout="constrained")
for ax, (name, path) in zip(axes, paths.items(), strict=True):
    ax.contour(a, b, heights, 14, colors="0.75", linewidths=0.8)
    part = path[:2001]
    ax.plot(*part.T, ".-", color="#0072B2", markersize=3, linewidth=0.8)
    ax.plot(*start, "s", color="#D55E00", label="start")
    ax.plot(1, 1, "k*", markersize=12, label="minimum")
    ax.set(title=f"{name}, {len(part) - 1} iterations", ylabel="$x_2$")
    ax.set(xlim=(-1.6, 1.6), ylim=(-0.6, 1.8))
axes[0].legend(loc="upper center")
axes[-1].set_xlabel("$x_1$")
plt.show()

# %%
# A model of one's own: the half-life of a decay, from noisy counts. The loss is not one
# of the estimators', and the unknowns are bounded. Without ``jac`` the gradient comes
# from differences.
rng = np.random.default_rng(0)
hours = np.linspace(0, 12, 25)
counts = rng.poisson(400 * 0.5 ** (hours / 3.5) + 20)


def misfit(unknowns):
    """Give the mean Poisson deviance, up to a constant, of start, half-life, floor."""
    expected = 100 * unknowns[0] * 0.5 ** (hours / unknowns[1]) + 10 * unknowns[2]
    return np.mean(expected - counts * np.log(expected))


found = minimize(
    misfit, [1.0, 1.0, 1.0], method=gradient_descent, bounds=[(0.1, 50)] * 3
)
print(f"half-life {found.x[1]:.2f} hours (true: 3.5), {found.message}")
_, ax = plt.subplots(layout="constrained")
ax.plot(hours, counts, "o", color="0.5", label="counted")
fitted = 100 * found.x[0] * 0.5 ** (hours / found.x[1]) + 10 * found.x[2]
ax.plot(hours, fitted, color="#0072B2", label=f"half-life {found.x[1]:.2f} hours")
ax.set(xlabel="time (hours)", ylabel="counts", title="A decay, fitted by descent")
ax.legend()
plt.show()
