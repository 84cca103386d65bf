"""
Text: sparse data
=================

Which package does a sentence of documentation come from? The texts are the paragraphs
of the docstrings of NumPy, SciPy and scikit-learn, so that nothing has to be
downloaded. Words become columns, tens of thousands of them, nearly all zero in a row.
"""

# %%
# Read the docstrings from the sources that are installed, without running them, and
# take the names of the packages out, which would give it away.
import re
from pathlib import Path

import numpy as np
import scipy
import sklearn

SECRETS = re.compile(r"\b(numpy|np|scipy|sp|sklearn|scikit|learn)\b", re.I)


texts = {}
for package in (np, scipy, sklearn):
    for path in sorted(Path(package.__file__).parent.rglob("*.py")):
        if "tests" in path.parts:
            continue
        for docstring in re.findall('"""(.*?)"""', path.read_text("utf-8"), re.S):
            for paragraph in re.split(r"\n\s*\n", docstring):
                if len(paragraph) > 60 and ">>>" not in paragraph:
                    text = SECRETS.sub(" ", paragraph)
                    texts.setdefault(text, package.__name__)
paragraphs, labels = list(texts), list(texts.values())
for package in sorted(set(labels)):
    print(f"{package:8} {labels.count(package):6} paragraphs")

# %%
# Words and pairs of words that occur at least three times.
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

train, test, y_train, y_test = train_test_split(
    paragraphs, labels, random_state=0, stratify=labels
)
vectoriser = TfidfVectorizer(min_df=3, ngram_range=(1, 2), sublinear_tf=True)
X_train = vectoriser.fit_transform(train)
X_test = vectoriser.transform(test)
share = X_train.nnz / np.prod(X_train.shape)
print(f"{X_train.shape[0]} x {X_train.shape[1]}, {share:.2%} of it not zero")

# %%
# Beside scikit-learn's SGD and logistic regression. ``alpha`` is ``1 / (C n)`` in terms
# of the latter. The l1 penalty is strong enough to do with one column in a hundred.
from time import perf_counter

from sklearn.linear_model import LogisticRegression, SGDClassifier

from skgd import GDClassifier

alpha = 1e-5
models = {
    "SGDClassifier, log loss": SGDClassifier("log_loss", alpha=alpha, random_state=0),
    "LogisticRegression": LogisticRegression(C=1 / (alpha * len(train)), max_iter=1000),
    "GDClassifier, log loss": GDClassifier(alpha=alpha),
    "GDClassifier, hinge": GDClassifier("hinge", alpha=alpha),
    "GDClassifier, l1": GDClassifier(penalty="l1", alpha=10 * alpha),
}
for name, model in models.items():
    begin = perf_counter()
    model.fit(X_train, y_train)
    seconds = perf_counter() - begin
    used = np.mean(np.any(model.coef_ != 0, axis=0))
    print(
        f"{name:24} accuracy {model.score(X_test, y_test):.3f}"
        f"  seconds {seconds:4.1f}  columns used {used:6.1%}"
    )

# %%
# The words that speak most for each package, by the coefficients of the softmax model.
import matplotlib.pyplot as plt

model = models["GDClassifier, log loss"]
words = vectoriser.get_feature_names_out()
_, axes = plt.subplots(3, 1, figsize=(6.4, 9), sharex=True, layout="constrained")
colours = ("#0072B2", "#E69F00", "#009E73")
for ax, package, coef, colour in zip(
    axes, model.classes_, model.coef_, colours, strict=True
):
    top = np.argsort(coef)[-12:]
    ax.barh(words[top], coef[top], color=colour)
    ax.set_title(package)
axes[-1].set_xlabel("coefficient")
plt.show()
