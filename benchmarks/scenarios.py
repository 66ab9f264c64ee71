"""How long do scenarios take to make, and their truths to compute? `python benchmarks/scenarios.py`

One thread, each scenario at its default severity with a pool of 10,000 and a test set of 4,000:
process time of making one seed, of the best of some; then of its truth, cold. The lines `ratio make
X` and `ratio truths X` say how many times the bounds, 1 s for the slowest to make and 120 s for all
truths, they stay under.

`--names diff_dim[severity=4]` measures some, with parameters; `--quick` measures two, tiny, to see
that it runs: its figures mean nothing.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_CBWR"] = "AUTO,STRICT"  # as in worker processes

import argparse
import time
from collections.abc import Callable

import torch

from mindgap.registry import Registry
from mindgap.tasks.scenario import Scenario
from mindgap.tasks.truth import truth

POOL, TEST, SEEDS = 10_000, 4000, 3
#: Seconds: to make one, for the truths of all.
MAKE, TRUTHS = 1.0, 120.0
#: The hardest rung of the widest scenarios.
HARDEST = ("diff_dim[severity=4]", "diff_noise_mod[severity=4]", "diff_image[severity=4]")
QUICK = ("int_redundant", "miss_mar")


def sized(registry: Registry, text: str, pool: int, test: int) -> Scenario | None:
    """The scenario with these sizes; None for a data set or what a file makes."""
    sizes = f"pool={pool}, test={test}"
    name, bracket, inside = text.partition("[")
    if "file" in registry.configure("task", text).params:
        return None
    if registry.configure("task", text).build().kind != "scenario":
        return None
    inside = f"{inside.rstrip(']')}, {sizes}" if bracket else sizes
    built: Scenario = registry.configure("task", f"{name}[{inside}]").build()
    return built


def seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", nargs="*", help="scenarios; default: all")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    registry = Registry()
    names = options.names or [*registry.names("task"), *HARDEST]
    pool, test = (100, 50) if options.quick else (POOL, TEST)
    make: dict[str, float] = {}
    truths: dict[str, float] = {}
    print(f"{'scenario':32}{'seconds a seed':>16}{'truth, cold':>14}")
    for name in QUICK if options.quick else names:
        scenario = sized(registry, name, pool, test)
        if scenario is None:
            continue
        turns = range(1 if options.quick else SEEDS)
        make[name] = min(seconds(lambda s=seed, x=scenario: x.make(s)) for seed in turns)
        truths[name] = seconds(lambda x=scenario: truth(x.description))
        print(f"{name:32}{make[name]:>16.3f}{truths[name]:>14.2f}", flush=True)
    worst, longest = max(make, key=lambda n: make[n]), max(truths, key=lambda n: truths[n])
    total = sum(truths.values())
    print(f"\nslowest to make: {worst}, {make[worst]:.2f} s a seed (bound: {MAKE:g})")
    print(
        f"all truths: {total:.1f} s (bound: {TRUTHS:g}); longest: {longest}, {truths[longest]:.2f}"
    )
    print(f"ratio make {MAKE / make[worst]:.2f}")
    print(f"ratio truths {TRUTHS / total:.2f}")


if __name__ == "__main__":
    main()
