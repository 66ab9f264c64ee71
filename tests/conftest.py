"""Shared by all tests: the environment of worker processes, and checks of shapes and types."""

import os
from pathlib import Path

# Before torch loads: products whose bits don't depend on the batch (see mindgap.study.execute).
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from jaxtyping import install_import_hook

STRATEGIES = sorted((Path(__file__).parents[1] / "src/mindgap/strategies").glob("*.py"))
UNCHECKED = ("__init__", "base", "checks")

#: Where arrays are worked on; not where they are checked, since tests hand faulty ones in there.
CHECKED = [
    "mindgap.learners",
    "mindgap.metrics",
    *(f"mindgap.strategies.{path.stem}" for path in STRATEGIES if path.stem not in UNCHECKED),
    *(f"mindgap.tasks.{name}" for name in ("generator", "missingness", "subsets", "truth")),
]
install_import_hook(CHECKED, "beartype.beartype")
