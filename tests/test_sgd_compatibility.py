"""scikit-learn's own tests of SGDClassifier and SGDRegressor, run against skgd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
HARNESS = TESTS.parents[1] / "shared" / "tools" / "run_sklearn_sgd_tests.py"
# What skgd does otherwise on purpose: GDRegressor takes a 2-D y, and on sparse X the
# intercept's step is not a hundredth of what it is on dense X.
EXPECTED = {
    "test_input_format[SGDRegressor]",
    "test_input_format[SparseSGDRegressor]",
    "test_average_binary_computed_correctly[SparseSGDClassifier]",
    "test_average_sparse[SparseSGDRegressor]",
    "test_late_onset_averaging_reached[SparseSGDClassifier]",
    "test_late_onset_averaging_reached[SparseSGDRegressor]",
    "test_sgd_averaged_computed_correctly[SparseSGDRegressor]",
    "test_sgd_averaged_partial_fit[SparseSGDRegressor]",
    "test_sgd_multiclass_average[SparseSGDClassifier]",
}


@pytest.mark.slow
@pytest.mark.skipif(not HARNESS.exists(), reason=f"needs the harness at {HARNESS}")
def test_sgd_tests_fail_only_where_skgd_differs_on_purpose():
    path = os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))
    run = subprocess.run(
        [
            sys.executable,
            HARNESS,
            "1",
            "--target",
            "sgd_shim:ShimClassifier,ShimRegressor",
        ],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    failed = {
        line.partition(": ")[2]
        for line in run.stdout.splitlines()
        if line.startswith("NOT PASSED")
    }
    # attributes of SGD that scikit-learn 1.6 still had, deprecated
    failed = {name for name in failed if "deprecated" not in name}
    assert failed == EXPECTED
