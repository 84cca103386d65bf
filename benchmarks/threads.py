"""Threads of the libraries, set before they are imported: SKGD_THREADS, or one."""

import os

THREADS = int(os.environ.get("SKGD_THREADS", "1"))
LIBRARIES = "OPENBLAS", "OMP", "MKL", "NUMBA", "BLIS"
os.environ.update({f"{name}_NUM_THREADS": str(THREADS) for name in LIBRARIES})
