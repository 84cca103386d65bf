"""
1. Down the hill
================

Imagine that you stand on a hillside in thick fog and want to reach the valley. You
cannot see it. But you can feel with your feet which way the ground rises most steeply.
Turn round, take a step the opposite way, feel again, take the next step. That is
gradient descent. This chapter does it with a line through points.
"""

# %%
# A line, and how wrong it is
# ---------------------------
#
# The data are from scikit-learn: for 442 patients with diabetes, the body mass index
# and how far the disease went within a year. We measure the body mass index from 25, in
# steps of 5 kg/m², so that the numbers are neither large nor tiny. Why that matters is
# the third chapter.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True, scaled=False)
x = (X[:, 2] - 25) / 5

# %%
# A line has two numbers, a slope w and a height b: it predicts w x + b. Three lines:
_, ax = plt.subplots(layout="constrained")
ax.plot(x, y, ".", color="0.6", markersize=4)
ends = np.array([x.min(), x.max()])
lines = [
    (0, 50, "#D55E00", "-."),
    (100, 100, "#CC79A7", "--"),
    (48, 139, "#0072B2", "-"),
]
for w, b, colour, dash in lines:
    ax.plot(ends, w * ends + b, dash, color=colour, label=f"w = {w}, b = {b}")
ax.set(
    xlabel="x, body mass index: (kg/m² - 25) / 5",
    ylabel="y, progression of the disease (score)",
    title="442 patients and three lines",
    ylim=(0, 360),
)
ax.legend()
plt.show()


# %%
# Which one is best? For each patient, take the difference between what happened and
# what the line says, square it, and take the mean over all patients (halved, which will
# save us a factor of two). We call this number the *objective*, F: the smaller, the
# better the line.
def objective(w, b):
    """Give half the mean squared difference between y and the line."""
    return 0.5 * np.mean((y - (w * x + b)) ** 2)


for w, b, *_ in lines:
    print(f"w = {w:3}, b = {b:3}: F = {objective(w, b):5.0f}")

# %%
# The landscape
# -------------
#
# Every pair (w, b) is a line, and every line has its F. So F is a landscape: w goes
# east, b goes north, and F is the height. Here is its map, with the three lines as
# three places on it.
w_axis, b_axis = np.linspace(-40, 140, 60), np.linspace(-10, 220, 60)
heights = np.array([[objective(w, b) for w in w_axis] for b in b_axis])


def draw_map(ax):
    """Draw the lines of equal height."""
    levels = 1900 + 1600 * np.linspace(0.1, 3, 14) ** 2
    ax.contour(w_axis, b_axis, heights, levels, colors="0.6", linewidths=0.8)
    ax.set(xlabel="w, slope (score per 5 kg/m²)", ylabel="b, height (score)")


_, ax = plt.subplots(layout="constrained")
draw_map(ax)
for w, b, colour, _ in lines:
    ax.plot(w, b, "o", color=colour)
    text = f" F = {objective(w, b):.0f}"
    ax.annotate(text, (w, b), (4, 6), textcoords="offset points", color=colour)
ax.set_title("The landscape: each place is a line, rings are equal F")
plt.show()


# %%
# Steepest ascent, and its opposite
# ---------------------------------
#
# We see the whole map because there are only two numbers. With a hundred columns there
# is no map; this is the fog. What can always be worked out is the slope of the ground
# where we stand: how fast F rises when w grows a little, and how fast when b does.
# These two numbers are the *gradient*. It points where F rises most steeply.
def gradient(w, b):
    """Give how fast F rises with w, and with b."""
    difference = (w * x + b) - y
    return np.array([np.mean(difference * x), np.mean(difference)])


here = np.array([0.0, 50.0])
print(gradient(*here))

# %%
# Both numbers are negative: F falls when w grows and when b grows. The orange arrow is
# the gradient (a third of it, to fit), the blue one its opposite. The opposite is the
# way to go.
_, ax = plt.subplots(layout="constrained")
draw_map(ax)
for sign, colour, word in (
    (1, "#D55E00", "steepest ascent"),
    (-1, "#0072B2", "descent"),
):
    arrow = here + sign * gradient(*here) / 3
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 2}
    ax.annotate("", arrow, here, arrowprops=style)
    ax.annotate(f"{word} ", arrow, (8, -4), textcoords="offset points", color=colour)
ax.plot(*here, "ks")
ax.set(title="The gradient, and its opposite", ylim=(-5, 220))
plt.show()

# %%
# Step by step
# ------------
#
# Now walk: a step against the gradient, times a number that says how bold we are, the
# *learning rate*. In the library and below it is called ``eta0``. Then look at the
# gradient again, since the ground is steeper or flatter there.
eta0 = 0.3
place = here
path = [place]
for _ in range(20):
    place = place - eta0 * gradient(*place)
    path.append(place)
for step in (0, 1, 2, 5, 10, 20):
    w, b = path[step]
    print(
        f"after step {step:2}: w = {w:5.1f}, b = {b:5.1f}, F = {objective(w, b):6.1f}"
    )

# %%
# Where the ground is steep the steps are long; near the valley they get short by
# themselves, since the gradient gets small. At the bottom it is zero.
_, ax = plt.subplots(layout="constrained")
draw_map(ax)
ax.plot(*np.transpose(path), "o-", color="#0072B2", markersize=4)
ax.plot(*path[0], "ks", label="start")
ax.plot(*path[-1], "k*", markersize=12, label="after 20 steps")
ax.set_title(f"Gradient descent, learning rate {eta0}")
ax.legend()
plt.show()

# %%
# The same with skgd
# ------------------
#
# These are the steps of ``GDRegressor`` in *batch* mode (each step looks at all
# patients) with a *constant* learning rate. ``coef_init`` and ``intercept_init`` say
# where to start; ``tol=None`` says not to stop before ``max_iter``.
from skgd import GDRegressor

model = GDRegressor(
    penalty=None,
    mode="batch",
    learning_rate="constant",
    eta0=0.3,
    max_iter=20,
    tol=None,
)
model.fit(x[:, None], y, coef_init=[0.0], intercept_init=[50.0])
print(f"w = {model.coef_[0]:.1f}, b = {model.intercept_[0]:.1f}")
print(f"F = {model.objective_:.1f}")

# %%
# And this is the landscape from the side, with the walk on it, drawn by
# :class:`skgd.DescentPathDisplay` (which always starts at w = 0, b = 0).
from skgd import DescentPathDisplay

_ = DescentPathDisplay.from_estimator(model, x[:, None], y, kind="surface")
plt.show()

# %%
# With one column and squared error there is a formula for the bottom, and no need to
# walk. With other measures of error there is none, and with many columns the formula
# gets expensive; walking works there too.
#
# Next: :doc:`how long the steps should be <plot_2_learning_rate>`.
