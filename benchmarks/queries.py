"""How fast do strategies choose, beside scikit-activeml? `python benchmarks/queries.py`

One thread; two modalities of 64 features each (D = 128), 10 classes, 1,000 labelled samples, 50
queries. For each strategy that scikit-activeml has too, both choose from the same pool in this
process, by turns; process time of the best turn; what they chose is compared, and the benchmark
fails if it isn't as good. The lines `ratio NAME N X` say how many times as fast ours is.
scikit-activeml gets double precision, in which it is faster than in single.

Then each strategy there is chooses in a process of its own, for its time and peak of memory.

`--names coreset typiclust --sizes 10000` measures less; `--no-table` leaves the others out.
`--quick` runs everything once and tiny, to see that it runs; its figures mean nothing.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_CBWR"] = "AUTO,STRICT"  # as in worker processes

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from skactiveml.base import SkactivemlClassifier
from skactiveml.pool import Badge, CoreSet, ProbCover, TypiClust
from sklearn.cluster import KMeans
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.strategies import Pool, clustering
from mindgap.strategies.coreset import standardised
from mindgap.strategies.coverage import unit
from mindgap.strategies.probcover import largest_pure_radius
from mindgap.testing import make_pool
from mindgap.testing.asking import needs_validation
from mindgap.testing.memory import peak_bytes

LABELLED, WIDTH, CLASSES = 1000, 128, 10
#: Validation labels, for strategies that can't do without.
VALIDATION = 100
#: ProbCover of scikit-activeml holds all pairs in double precision: 3 GB at this size, 20 at 50k.
LARGEST_PROBCOVER = 20_000
#: Turns; a reference that takes longer than PATIENCE seconds has one.
TURNS, PATIENCE = 5, 10.0
#: Strategies that have no default, and what more to measure: name, samples, classes, features.
SETTINGS = {
    "co_testing": "co_testing[variant=naive]",
    "mean_modality": "mean_modality[of=margin]",
    "one_modality": "one_modality[of=badge,modality=image]",
    "pattern_conditional": "pattern_conditional[of=margin]",
    "stratified": "stratified[of=badge]",
    "worst_modality": "worst_modality[of=margin]",
}
WIDE = [("badge", 50_000, 100, 512), ("bmmal", 50_000, 100, 512)]
MORE = ["bait[fisher=binary]", "typiclust[max_clusters=1050]", "probcover[delta=1.0]"]


def make(
    size: int, serve: Set[str], classes: int = CLASSES, width: int = WIDTH, validation: int = 0
) -> Pool:
    """A pool whose embeddings lie around a centre for each class."""
    pool = make_pool(
        seed=0,
        modalities=2,
        size=size,
        labelled=LABELLED,
        classes=classes,
        gaps=0.0,
        widths=(width // 2, width // 2),
        like_real=False,
        serve=serve,
        validation=validation,
    )
    generator = torch.Generator().manual_seed(1)
    group = torch.randint(classes, (size + validation,), generator=generator)
    centres = 0.5 * torch.randn(classes, width, generator=generator)[group]
    served = dict(pool.served)
    if "embeddings" in serve:
        served["embeddings"] = served["embeddings"] + centres
    if "unimodal_embeddings" in serve:
        halves = zip(pool.names, centres.split(width // 2, dim=1), strict=True)
        served["unimodal_embeddings"] = {
            name: served["unimodal_embeddings"][name] + half for name, half in halves
        }
    return replace(pool, served=served)


@dataclass
class Rivals:
    """Two ways to choose from one pool, and what says that ours is as good."""

    ours: Callable[[], Tensor]
    theirs: Callable[[], np.ndarray]
    judge: Callable[[Tensor, Tensor], str]


class Known(SkactivemlClassifier):
    """A classifier that has predicted already."""

    def __init__(self, probabilities: np.ndarray | None = None) -> None:
        super().__init__(classes=list(range(CLASSES)))
        self.probabilities = probabilities

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Known":
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.probabilities


class Remembered(KMeans):
    """k-means whose last result can be looked at."""

    last: KMeans

    def fit_predict(self, X: np.ndarray, y: object = None, sample_weight: object = None) -> object:
        Remembered.last = self
        return super().fit_predict(X)


def coreset(pool: Pool, n: int) -> Rivals:
    points, labels = standardised(pool).double().numpy(), partly_labelled(pool)

    def judge(ours: Tensor, theirs: Tensor) -> str:
        assert ours.tolist() == theirs.tolist()
        return "the same samples in the same order"

    return Rivals(
        chooses("coreset", pool, n),
        lambda: CoreSet(random_state=0).query(points, labels, batch_size=n),
        judge,
    )


def badge(pool: Pool, n: int) -> Rivals:
    points, labels = pool.embeddings.double().numpy(), partly_labelled(pool)
    known = Known(pool.probabilities[pool.candidates].double().numpy())

    def query() -> np.ndarray:
        strategy = Badge(random_state=0)
        return strategy.query(points, labels, known, fit_clf=False, batch_size=n)

    def judge(ours: Tensor, theirs: Tensor) -> str:
        """Theirs counts the origin as chosen, so the choices differ after the first."""
        assert ours[0] == theirs[0]
        mine, other = (potential(pool, rows) for rows in (ours, theirs))
        assert mine < 1.01 * other
        return f"the same first sample; sum of squared distances {mine / other:.4f} of theirs"

    return Rivals(chooses("badge", pool, n), query, judge)


def potential(pool: Pool, rows: Tensor) -> float:
    """The sum over candidates of the squared distance of the gradient to the nearest chosen."""
    inputs, delta = pool.embeddings.double(), pool.probabilities.double().clone()
    delta[torch.arange(len(delta)), delta.argmax(dim=1)] -= 1
    norms = (inputs**2).sum(dim=1) * (delta**2).sum(dim=1)
    inner = (inputs @ inputs[rows].T) * (delta @ delta[rows].T)
    apart = norms[:, None] + norms[rows] - 2 * inner
    return float(apart[pool.candidates].amin(dim=1).sum())


def typiclust(pool: Pool, n: int) -> Rivals:
    """At equal k: as many clusters and as many neighbours in both."""
    points = standardised(pool)
    exact, labels = points.double().numpy(), partly_labelled(pool)
    clusters, neighbours = LABELLED + n, 5
    text = f"typiclust[max_clusters={clusters}, neighbours={neighbours}, smallest=0]"

    def query() -> np.ndarray:
        strategy = TypiClust(random_state=0, cluster_algo=Remembered, k=neighbours)
        return strategy.query(exact, labels, batch_size=n)

    def judge(ours: Tensor, theirs: Tensor) -> str:
        """As dense clusters, and the same choices if ours had had their clusters."""
        cluster = clustering.clusters(points, clusters, np.random.default_rng(0))
        means = np.stack([exact[cluster == c].mean(axis=0) for c in cluster.unique().numpy()])
        place = torch.searchsorted(cluster.unique(), cluster).numpy()
        mine, other = float(((exact - means[place]) ** 2).sum()), Remembered.last.inertia_
        assert mine < 1.01 * other
        given = torch.from_numpy(Remembered.last.labels_).long()
        strategy = Registry().configure("strategy", text).build()
        same = strategy.choose(points, given, pool, n, np.random.default_rng(0)).rows
        # clusters of one size are in any order, so the last of them may be others
        sizes = given.bincount()
        assert sizes[given[same]].tolist() == sizes[given[theirs]].tolist()
        pairs = [(a, b) for a in same.tolist() for b in theirs.tolist() if given[a] == given[b]]
        # of fewer than 2 k samples ours looks at half, theirs at all
        large = [(a, b) for a, b in pairs if sizes[given[a]] >= 2 * neighbours]
        assert all(a == b for a, b in large)
        return (
            f"sum of squares {mine / other:.4f} of theirs; from their clusters of "
            f"{2 * neighbours} samples or more the same {len(large)} samples"
        )

    return Rivals(chooses(text, pool, n), query, judge)


def probcover(pool: Pool, n: int) -> Rivals:
    """At equal delta, found before by the rule of the paper."""
    points = unit(standardised(pool))
    cluster = clustering.clusters(points, CLASSES, np.random.default_rng(0))
    delta = largest_pure_radius(points, cluster, 0.95)
    exact, labels = points.double().numpy(), partly_labelled(pool)

    def query() -> np.ndarray:
        with warnings.catch_warnings():  # of a purity that it doesn't look at
            warnings.simplefilter("ignore")
            strategy = ProbCover(random_state=0, deltas=[delta], n_classes=CLASSES)
            return strategy.query(exact, labels, batch_size=n)

    def judge(ours: Tensor, theirs: Tensor) -> str:
        mine, other = (
            covered(points, delta, torch.cat([pool.labelled, r])) for r in (ours, theirs)
        )
        assert mine > 0.99 * other
        return f"delta {delta:.3f}: {mine} samples covered, {other} by theirs"

    return Rivals(chooses(f"probcover[delta={delta}]", pool, n), query, judge)


def covered(points: Tensor, delta: float, rows: Tensor) -> int:
    centres = points[rows].double()
    parts = [(torch.cdist(x.double(), centres) < delta).any(dim=1) for x in points.split(1024)]
    return int(torch.cat(parts).sum())


RIVALS = {"coreset": coreset, "badge": badge, "typiclust": typiclust, "probcover": probcover}


def partly_labelled(pool: Pool) -> np.ndarray:
    labels = np.full(len(pool.observed), np.nan)
    labels[pool.labelled] = pool.labels
    return labels


def chooses(text: str, pool: Pool, n: int) -> Callable[[], Tensor]:
    """What is measured: the choice, not how a strategy is found by its name."""
    strategy = Registry().configure("strategy", text).build()
    return lambda: strategy.select(pool, n, np.random.default_rng(0)).rows


def seconds(action: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def compare(name: str, size: int, n: int, turns: int = TURNS) -> None:
    """Print both times, what says that ours is as good, and the ratio."""
    if name == "probcover" and size > LARGEST_PROBCOVER:
        print(f"probcover {size}: theirs would hold {8e-9 * size**2:.0f} GB; {LARGEST_PROBCOVER}:")
        size = LARGEST_PROBCOVER
    pool = make(size, {"probabilities", "embeddings", "unimodal_embeddings"})
    rivals = RIVALS[name](pool, n)
    rivals.ours()  # loads what it needs
    mine, other, left = [], [], turns
    while left:
        spent, theirs = seconds(rivals.theirs)
        other.append(spent)
        for _ in range(2):
            spent, ours = seconds(rivals.ours)
            mine.append(spent)
        left = 0 if spent_too_long(other) else left - 1
    told = rivals.judge(ours, torch.as_tensor(np.asarray(theirs)))
    print(f"{name} {size}: {min(mine):.3f} s, theirs {min(other):.3f} s; {told}")
    print(f"ratio {name} {size} {min(other) / min(mine):.2f}", flush=True)


def spent_too_long(other: list[float]) -> bool:
    return sum(other) > PATIENCE


def alone(text: str, size: int, classes: int, width: int, n: int) -> dict[str, Any]:
    """What one strategy takes in this process, or why it can't."""
    try:
        strategy = Registry().configure("strategy", text).build()
        validation = VALIDATION if needs_validation(strategy) else 0
        small = make(LABELLED + 2 * n, strategy.requires(), validation=validation)
        strategy.select(small, n, np.random.default_rng(0))  # loads what it needs
        pool = make(size, strategy.requires(), classes, width, validation)
        spent = float("inf")

        def select() -> None:
            nonlocal spent
            spent, _ = seconds(lambda: strategy.select(pool, n, np.random.default_rng(0)))

        return {"peak": peak_bytes(select), "seconds": spent}
    except MindgapError as error:
        return {"refused": str(error)}


def apart(text: str, size: int, classes: int, width: int, n: int) -> dict[str, Any]:
    """The same in a process of its own; one that fails is told of, and the others go on."""
    command = [sys.executable, __file__, "--queries", str(n), "--alone", text]
    command += map(str, (size, classes, width))
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"refused": f"FAILED: {done.stderr.splitlines()[-1]}"}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def table(
    cases: list[tuple[str, int, int, int]], n: int, ask: Callable[..., dict[str, Any]] = apart
) -> None:
    """Time and memory of strategies: name, samples, classes and features of each case."""
    print(f"\n{'strategy':40}{'samples':>8}{'classes':>8}{'features':>9}{'seconds':>9}{'MB':>7}")
    for name, size, classes, width in cases:
        told = ask(name, size, classes, width, n)
        row = f"{name:40}{size:>8}{classes:>8}{width:>9}"
        if "refused" in told:
            print(f"{row}  {told['refused']}", flush=True)
            continue
        peak = "?" if told["peak"] is None else f"{told['peak'] / 1e6:.0f}"
        print(f"{row}{told['seconds']:>9.2f}{peak:>7}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", nargs="*", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--sizes", nargs="*", type=int, default=[10_000, 50_000])
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--no-table", action="store_true", help="only what scikit-activeml has too")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.alone:
        text, size, classes, width = options.alone
        print(json.dumps(alone(text, int(size), int(classes), int(width), options.queries)))
        return
    if options.quick:
        for name in RIVALS:
            compare(name, 2 * LABELLED, 50, turns=1)
        table([(name, LABELLED + 20, 3, 8) for name in ("badge", "rl_mba")], 5, alone)
        return
    for size in options.sizes:
        for name in options.names:
            compare(name, size, options.queries)
    if not options.no_table:
        names = [SETTINGS.get(name, name) for name in Registry().names("strategy")]
        cases = [(name, size, CLASSES, WIDTH) for size in options.sizes for name in [*names, *MORE]]
        table(cases + WIDE, options.queries)


if __name__ == "__main__":
    main()
