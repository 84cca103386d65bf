"""Run the benchmarks, and make docs/performance.md of what they found.

    pip install -e '.[bench]'
    python benchmarks/run.py                   # everything: some hours
    python benchmarks/run.py --quick           # minutes, figures not to be quoted
    python benchmarks/run.py --only growth solvers-raw
    python benchmarks/run.py --render          # only the page and its plots

Each benchmark runs in a process of its own, one after the other, and writes its
tables with all raw figures to docs/benchmarks/NAME.json. The page is made of these and
of benchmarks/performance.md, which holds the prose.
"""

import argparse
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from render import render
from results import FOLDER

HERE = Path(__file__).parent
DENSE = "diabetes diamonds flights_delay breast_cancer wine docvis"
DENSE += " ill_regression ill_binary"
RACE = "--rows 60000 --seconds 0.4"  # of a peer, so that all take an hour
# a name for each file of results: the script and its options, and its threads
BENCHMARKS = {
    "small_fits": ("small_fits.py", 1),
    "batch_gradient": ("batch_gradient.py", 1),
    "epochs": ("epochs.py", 1),
    "peak_memory": ("peak_memory.py", 1),
    "growth": ("growth.py", 1),
    "solvers-raw": (f"solvers.py {RACE}", 1),
    "solvers-standardised": (f"solvers.py {RACE} --features standardised", 1),
    "solvers-two-threads": (
        f"solvers.py {RACE} --only diamonds/l2 flights_delay/l2 ill_binary/l2",
        2,
    ),
    "accuracy": (f"accuracy.py --rows 20000 --limit 60 --only {DENSE}", 1),
    "grid_search": ("grid_search.py", 1),
    "softmax": ("softmax.py --alphas 1e-4", 1),
    "paths": ("paths.py", 1),
    "memory_map": ("memory_map.py --cold", 1),
    "stream": ("stream.py", 1),
    "dask": ("dask_blocks.py rounds", 1),
}
NEEDED = {"dask": "dask"}  # packages without which a benchmark is left out


def measure(name, folder, quick):
    """Run one benchmark; tell whether it went well, or was left out."""
    if name in NEEDED and find_spec(NEEDED[name]) is None:
        print(f"\n=== {name}: left out, {NEEDED[name]} is not installed", flush=True)
        return True
    words, threads = BENCHMARKS[name]
    script, *own = words.split()
    command = [sys.executable, HERE / script, *own, "--json", folder / f"{name}.json"]
    command += ["--quick"] if quick else []
    print(f"\n=== {name}: {words}", flush=True)
    begin = time.perf_counter()
    run = subprocess.run(command, env=os.environ | {"SKGD_THREADS": str(threads)})
    seconds = time.perf_counter() - begin
    ended = "done" if run.returncode == 0 else f"FAILED ({run.returncode})"
    print(f"=== {name}: {ended} in {seconds:.0f} s", flush=True)
    return run.returncode == 0


def main():
    """Measure what was asked for, then render."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = list(BENCHMARKS)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    failed = []
    if not options.render:
        failed = [
            name
            for name in options.only
            if not measure(name, options.results, options.quick)
        ]
    render(options.results)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
