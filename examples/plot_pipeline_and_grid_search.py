"""
Pipelines and grid search
=========================

``GDClassifier`` and ``GDRegressor`` are scikit-learn estimators: they go into
pipelines, column transformers and searches like any other. What a search need not look
for is a learning rate.
"""

# %%
# The wine data: 178 wines of three growers, 13 measurements of very different size.
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from skgd import GDClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
print(X_train.describe().loc[["mean", "std"]].T.round(2))

# %%
# A pipeline without a scaler. Products of two measurements are added, so that columns
# reach from tenths to millions, and the search chooses between them and the
# measurements alone, the penalty, and its strength.
pipeline = make_pipeline(PolynomialFeatures(include_bias=False), GDClassifier())
grid = {
    "polynomialfeatures__degree": [1, 2],
    "gdclassifier__penalty": ["l2", "l1"],
    "gdclassifier__alpha": [1e-4, 1e-3, 1e-2, 1e-1],
}
search = GridSearchCV(pipeline, grid, cv=5).fit(X_train, y_train)
print(search.best_params_)
print(f"cross-validated accuracy {search.best_score_:.3f}")
print(f"accuracy on test data    {search.score(X_test, y_test):.3f}")

# %%
# The fitted model says whether it has reached the optimum, and by how much it may have
# missed it at most or by estimate.
model = search.best_estimator_[-1]
print(f"converged {model.converged_} after {model.n_iter_} epochs")
print(f"objective {model.objective_:.5f}, still to gain {model.suboptimality_:.1e}")

# %%
# Cross-validated accuracy over alpha, for both penalties and both sets of columns.
# Alpha acts on the coefficients of the columns as they are, and these differ by a
# factor of a million: what is a strong penalty for one is none for another.
import matplotlib.pyplot as plt

results = search.cv_results_
styles = {("l2", 1): "o-", ("l2", 2): "s-", ("l1", 1): "o--", ("l1", 2): "s--"}
colours = {"l2": "#0072B2", "l1": "#D55E00"}
_, ax = plt.subplots(layout="constrained")
for (penalty, degree), style in styles.items():
    chosen = [
        (params["gdclassifier__alpha"], score)
        for params, score in zip(
            results["params"], results["mean_test_score"], strict=True
        )
        if params["gdclassifier__penalty"] == penalty
        and params["polynomialfeatures__degree"] == degree
    ]
    label = f"{penalty}, {'with products' if degree == 2 else 'measurements'}"
    ax.semilogx(*zip(*chosen, strict=True), style, color=colours[penalty], label=label)
ax.set(
    xlabel="alpha, strength of the penalty",
    ylabel="accuracy, mean of 5 folds",
    title="What the search saw",
)
ax.legend()
plt.show()
