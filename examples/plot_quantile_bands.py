"""
Bands: quantile regression
==========================

A mean says nothing about how far things stray from it. ``loss="quantile"`` fits the
value below which a given share of the targets lies, so that two models make a band.
"""

# %%
# The progression of diabetes over the body mass index. Five quantiles, each a fit of
# its own.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_predict

from skgd import GDRegressor

data = load_diabetes(scaled=False, as_frame=True)
X, y = data.data[["bmi"]], data.target
quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
lines = {}
for quantile in quantiles:
    model = GDRegressor("quantile", quantile=quantile, penalty=None).fit(X, y)
    lines[quantile] = model.predict(X)
    below = np.mean(y < lines[quantile])
    print(f"quantile {quantile:4}: {below:5.1%} of the patients are below the line")

# %%
# The outer band holds nine of ten patients, the inner one half of them. Both get wider
# to the right: with a high body mass index the progression is larger and less certain.
_, ax = plt.subplots(layout="constrained")
order = np.argsort(X["bmi"].to_numpy())
bmi = X["bmi"].to_numpy()[order]
ax.plot(X["bmi"], y, ".", color="0.5", markersize=4)
for low, high, shade in ((0.05, 0.95, 0.2), (0.25, 0.75, 0.35)):
    band = f"{high - low:.0%} of the patients"
    edges = lines[low][order], lines[high][order]
    ax.fill_between(bmi, *edges, color="#0072B2", alpha=shade, label=band)
ax.plot(bmi, lines[0.5][order], color="#D55E00", label="median")
ax.set(
    xlabel="body mass index (kg/m²)",
    ylabel="progression of the disease (score)",
    title="Quantiles of the progression",
)
ax.legend()
plt.show()

# %%
# With all ten columns, and on patients that the models have not seen (ten folds), the
# band is narrower and still holds about as many as it should.
X, y = load_diabetes(return_X_y=True, scaled=False)
low, high = (
    cross_val_predict(GDRegressor("quantile", quantile=q, alpha=1e-3), X, y, cv=10)
    for q in (0.05, 0.95)
)
print(
    f"{np.mean((low <= y) & (y <= high)):.1%} of unseen patients are in the 90 % band"
)
print(f"mean width {np.mean(high - low):.0f}; y itself spans {np.ptp(y):.0f}")
