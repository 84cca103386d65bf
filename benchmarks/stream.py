"""Pass rows made on the fly through partial_fit, and watch the memory.

python benchmarks/stream.py                    # 100 million rows: some minutes
python benchmarks/stream.py --rows 1000000
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import time

import numpy as np
from memory_map import private_memory
from report import Table, parser, save

from skgd import GDClassifier, GDRegressor

D = 20
CALL = 100_000  # rows a call
SHARES = 0.01, 0.5, 1.0


def batch(rng, scale, mean):
    """Give rows of columns in odd units, and a target of known coefficients."""
    X = rng.standard_normal((CALL, D)) * scale + mean
    return X, (X - mean) / scale @ np.linspace(-1.0, 1.0, D) + rng.normal(size=CALL)


MODELS = {
    "GDRegressor, squared_error": (GDRegressor(penalty=None), False),
    "GDRegressor, huber": (GDRegressor("huber", epsilon=1.0, penalty=None), False),
    "GDClassifier, log_loss": (GDClassifier(penalty=None), True),
}


def main():
    """Feed each model and print where it stands at 1 %, 50 % and 100 % of the rows."""
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=100_000_000)
    options = made.parse_args()
    n_calls = max(int(options.rows * options.scale) // CALL, 1)
    table = Table(
        f"{n_calls * CALL:,} rows of {D} columns, {CALL:,} a call",
        *("model", "rows", "private memory", "ns a row", "error of coefficients"),
    )
    true = np.linspace(-1.0, 1.0, D)
    for name, (model, classes) in MODELS.items():
        rng = np.random.default_rng(0)
        scale, mean = 10.0 ** rng.uniform(-3, 3, D), rng.normal(size=D) * 100.0
        seconds = 0.0
        stops = {max(int(share * n_calls), 1) for share in SHARES}
        for call in range(1, n_calls + 1):
            X, y = batch(rng, scale, mean)
            if classes:
                y = (y > 0).astype(int)
            start = time.process_time()
            if classes:
                model.partial_fit(X, y, classes=[0, 1])
            else:
                model.partial_fit(X, y)
            seconds += time.process_time() - start
            if call in stops:
                w = model.coef_.ravel() * scale
                w /= np.linalg.norm(w) / np.linalg.norm(true)
                error = np.abs(w - true).max()
                table.add(
                    name,
                    f"{call * CALL:,}",
                    f"{private_memory() / 1e6:.1f} MB",
                    f"{1e9 * seconds / (call * CALL):.0f}",
                    f"{error:.1e}",
                )
    save(options, {"stream": table})


if __name__ == "__main__":
    main()
