"""Pools of a linear head on concatenated embeddings, and sampling among rows that really exist."""

from dataclasses import replace

import numpy as np
import pytest

from mindgap.testing import make_pool as _make_pool


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
