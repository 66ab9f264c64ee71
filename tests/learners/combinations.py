"""Every learner with every handler it supports, on small tasks of several shapes."""

from dataclasses import replace

import torch

from mindgap.learners import (
    Attention,
    Bottleneck,
    Concat,
    ConcatLinear,
    Fleet,
    Gated,
    Late,
    LowRank,
    Row,
    Samples,
)
from mindgap.tasks import TaskShape

HANDLERS = ("token", "zero", "masked", "experts", "regression", "complete")

SMALL = {"steps": 4, "batch": 5, "width": 8, "feature": 6}
LEARNERS = [
    Concat(hidden=7, **SMALL),
    ConcatLinear(**SMALL),
    Late(**SMALL),
    Gated(hidden=7, **SMALL),
    LowRank(hidden=7, rank=3, **SMALL),
    Attention(hidden=7, heads=3, **SMALL),
    Bottleneck(hidden=7, heads=3, tokens=2, **SMALL),
]

SHAPES = {
    "vectors": TaskShape({"a": (5,), "b": (7,)}, 3),
    "one": TaskShape({"a": (4,)}, 3),
    "three": TaskShape({"a": (5,), "b": (1,), "c": (3,)}, 5),
    "mixed": TaskShape({"a": (3,), "b": (11, 2), "c": (2, 7, 5)}, 4),
}


def combinations(shape=SHAPES["vectors"]):
    """Learners, by a name for the test's id."""
    every = {}
    for learner in LEARNERS:
        for missing in HANDLERS:
            chosen = replace(learner, missing=missing)
            if chosen.supports(shape) is None:
                every[f"{type(learner).__name__}-{missing}"] = chosen
    return every


def pools(shape, count=2, n=40, seed=0, gaps=True):
    """Samples and their labels; every pool but the second has gaps."""
    g = torch.Generator().manual_seed(seed)
    samples, labels = [], []
    for pool in range(count):
        observed = None
        if gaps and pool != 1 and len(shape.modalities) > 1:
            observed = torch.rand(n, len(shape.modalities), generator=g) > 0.4
            observed[~observed.any(dim=1), 0] = True
            observed[:2] = True
        inputs = {
            name: torch.randn(n, *size, generator=g) for name, size in shape.modalities.items()
        }
        samples.append(Samples(inputs, observed))
        labels.append(torch.randint(shape.n_classes, (n,), generator=g))
    return samples, labels


def rows_of(labels, count):
    """Runs with labelled sets of different sizes, from all pools in turn."""
    rows = []
    for r in range(count):
        labelled = torch.arange(10 + r % 4)
        pool = r % len(labels)
        rows.append(Row(("family", "learner", r), pool, labelled, labels[pool][labelled]))
    return rows


def fleet_of(learner, shape, **settings):
    samples, labels = pools(shape, **settings)
    return Fleet(learner, learner.network(shape), samples), labels
