"""Fits and predictions on Dask collections, which nothing here imports before them."""

import sys


def is_collection(X) -> bool:
    """Tell whether X is a collection of Dask, without importing Dask."""
    base = sys.modules.get("dask.base")
    return base is not None and base.is_dask_collection(X)
