"""Pools of a linear head on concatenated embeddings, and sampling among rows that really exist."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from mindgap.strategies import Pool

NAMES = ("image", "text", "sound")
#: Widths, scales and offsets that would let one modality decide alone.
WIDTHS, SCALES, OFFSETS = (6, 11, 3), (1.0, 30.0, 0.05), (0.0, 100.0, -1.0)


def _make_pool(
    seed, modalities=3, size=310, labelled=10, classes=4, gaps=0.3, widths=WIDTHS, like_real=True
):
    """A pool of `size` whose labelled rows lie anywhere; every key of SERVED is served.

    `like_real=False` gives embeddings with small numbers only, for sharp comparisons of gradients.
    """
    g = torch.Generator().manual_seed(seed)
    names, widths = NAMES[:modalities], widths[:modalities]
    observed = torch.rand(size, modalities, generator=g) >= gaps
    observed[~observed.any(dim=1), 0] = True
    encoded, weights, seen = {}, {}, {}
    for m, (name, width) in enumerate(zip(names, widths, strict=True)):
        scale, offset = (SCALES[m], OFFSETS[m]) if like_real else (1.0, 0.3)
        token = torch.randn(width, generator=g)
        own = torch.randn(size, width, generator=g) * scale + offset
        encoded[name] = own
        seen[name] = torch.where(observed[:, m, None], own, token)
        size_of_input = (scale**2 + offset**2) ** 0.5
        weights[name] = torch.randn(width, classes, generator=g) / size_of_input / width**0.5
    bias = torch.randn(classes, generator=g) * 0.3

    def fused(blocks):
        return (sum(blocks[name] @ weights[name] for name in names) + bias).softmax(dim=1)

    def shown(subset, absent):
        blocks = {}
        for m, name in enumerate(names):
            there = observed[:, m, None] & (name in subset)
            other = torch.zeros_like(encoded[name]) if absent == "zero" else _token(seen[name], m)
            blocks[name] = torch.where(there, encoded[name], other)
        return fused(blocks)

    def _token(block, m):
        missing = block[~observed[:, m]]
        return missing[:1] if len(missing) else torch.ones_like(block[:1])

    every = [frozenset(s) for k in range(modalities + 1) for s in combinations(names, k)]
    order = torch.randperm(size, generator=g)
    rows = order[:labelled]
    return Pool(
        names=names,
        n_classes=classes,
        observed=observed,
        labelled=rows,
        labels=torch.randint(classes, (labelled,), generator=g),
        candidates=order[labelled:].sort().values,
        served={
            "probabilities": fused(seen),
            "unimodal_probabilities": {
                name: torch.where(
                    observed[:, m, None], (encoded[name] @ weights[name]).softmax(dim=1), torch.nan
                )
                for m, name in enumerate(names)
            },
            "embeddings": torch.cat([seen[name] for name in names], dim=1),
            "unimodal_embeddings": seen,
            "subset_probabilities:token": {s: shown(s, "token") for s in every},
            "subset_probabilities:zero": {s: shown(s, "zero") for s in every},
        },
    )


def _dense_picks(gradients, n, rng):
    """k-means++ among the rows of a (U, P) matrix, float64; returns places and their weights.

    The first is the longest row; every further one takes one uniform of `rng` and inverts the
    cumulative squared distances to the nearest row chosen so far.
    """
    gradients = np.asarray(gradients, dtype=np.float64)
    norms = (gradients**2).sum(axis=1)
    chosen, weights = [int(norms.argmax())], [norms.max()]
    while len(chosen) < n:
        apart = [((gradients - gradients[i]) ** 2).sum(axis=1) for i in chosen]
        nearest = np.min(apart, axis=0)
        cumulative = np.cumsum(nearest)
        pick = int(np.searchsorted(cumulative, cumulative[-1] * rng.random(), side="right"))
        chosen.append(pick)
        weights.append(nearest[pick])
    return chosen, weights


def _serving(pool, **changes):
    """The same pool with other answers; keys are those of SERVED with "__" for ":"."""
    return replace(
        pool, served={**pool.served, **{k.replace("__", ":"): v for k, v in changes.items()}}
    )


@pytest.fixture(scope="session")
def make_pool():
    return _make_pool


@pytest.fixture(scope="session")
def serving():
    return _serving


@pytest.fixture(scope="session")
def dense_picks():
    return _dense_picks
