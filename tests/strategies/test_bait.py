"""BAIT against information matrices that are really there, inverted anew for every candidate."""

import numpy as np
import pytest
import torch

from mindgap.errors import MindgapError
from mindgap.strategies import bait
from mindgap.strategies.bait import Bait


def full(p, z):
    """Sum over classes of p_c times the outer product of the loss gradient with itself."""
    total = 0.0
    for c in range(len(p)):
        gradient = np.outer(p - np.eye(len(p))[c], z).ravel()
        total = total + p[c] * np.outer(gradient, gradient)
    return total


def binary(p, z):
    """The same for the likelihood of the largest probability and its complement."""
    top, total = p.max(), 0.0
    for outcome, probability in ((1, top), (0, 1 - top)):
        gradient = (top - outcome) * z
        total = total + probability * np.outer(gradient, gradient)
    return total


def dense(pool, n, information, regularisation=1.0):
    """Algorithm 1: add 2 n greedily, remove n greedily; rows kept, and what adding them gave."""
    p, z = (x.numpy().astype(np.float64) for x in (pool.served["probabilities"], pool.embeddings))
    each = [information(*x) for x in zip(p, z, strict=True)]
    everything = np.mean(each, axis=0)
    m = regularisation * np.eye(len(everything))
    if len(pool.labelled):
        m = m + np.mean([each[i] for i in pool.labelled.tolist()], axis=0)

    def objective(matrix):
        return np.trace(np.linalg.solve(matrix, everything))

    added, drops = [], []
    free = pool.candidates.tolist()
    for _ in range(min(2 * n, len(free))):
        left = {i: objective(m + each[i]) for i in free if i not in added}
        best = min(left, key=left.get)
        drops.append(objective(m) - left[best])
        added.append(best)
        m = m + each[best]
    kept = list(range(len(added)))
    while len(kept) > n:
        left = {k: objective(m - each[added[k]]) for k in kept}
        worst = min(left, key=left.get)
        kept.remove(worst)
        m = m - each[added[worst]]
    return [added[k] for k in kept], [drops[k] for k in kept]


SETTINGS = [("full", full), ("binary", binary)]


@pytest.mark.parametrize(("name", "information"), SETTINGS)
@pytest.mark.parametrize(("modalities", "classes"), [(1, 2), (2, 3), (3, 4)])
@pytest.mark.parametrize("labelled", [0, 8])
@pytest.mark.parametrize("seed", range(2))
def test_same_samples_in_the_same_order_as_by_definition(
    make_pool, seed, labelled, modalities, classes, name, information
):
    pool = make_pool(
        seed=seed,
        modalities=modalities,
        classes=classes,
        size=34,
        labelled=labelled,
        widths=(3, 2, 2),
        like_real=False,
    )
    rows, drops = dense(pool, 7, information)
    chosen = Bait(fisher=name).select(pool, 7, np.random.default_rng(seed))
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(drops, rel=1e-5)


@pytest.mark.parametrize("regularisation", [1e-3, 50.0])
@pytest.mark.parametrize("seed", range(2))
def test_regularisation_and_real_scales(make_pool, seed, regularisation):
    pool = make_pool(seed=seed, size=30, labelled=6, classes=3, widths=(2, 2, 1))
    rows, drops = dense(pool, 5, full, regularisation)
    chosen = Bait(regularisation=regularisation).select(pool, 5, np.random.default_rng(seed))
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(drops, rel=1e-4)


@pytest.mark.parametrize("n", [18, 26])
def test_more_than_half_of_the_pool(make_pool, n):
    pool = make_pool(seed=4, size=34, labelled=8, widths=(2, 2, 1), like_real=False)
    rows, _ = dense(pool, n, full)
    chosen = Bait().select(pool, n, np.random.default_rng(0))
    assert sorted(chosen.rows.tolist()) == sorted(rows)


def test_chunks_change_nothing(make_pool, monkeypatch):
    pool = make_pool(seed=5, size=60, labelled=9, widths=(3, 2, 2))
    whole = Bait().select(pool, 8, np.random.default_rng(0))
    monkeypatch.setattr(bait, "CHUNK", 7)
    parts = Bait().select(pool, 8, np.random.default_rng(0))
    assert parts.rows.equal(whole.rows)
    assert torch.allclose(parts.scores, whole.scores, rtol=1e-6)


@pytest.mark.parametrize(("name", "information"), SETTINGS)
def test_information_is_the_mean_over_samples(make_pool, name, information):
    pool = make_pool(seed=6, size=20, widths=(3, 2, 2), like_real=False)
    p, z = pool.probabilities.double(), pool.embeddings.double()
    found = bait.information(getattr(bait, name)(p), z)
    expected = np.mean([information(*x) for x in zip(p.numpy(), z.numpy(), strict=True)], axis=0)
    assert found.numpy() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_removing_what_was_added_leaves_what_there_was(make_pool, seed):
    pool = make_pool(seed=seed, size=30, widths=(3, 2, 2), like_real=False)
    factors, z = bait.full(pool.probabilities.double()), pool.embeddings.double()
    everything = bait.information(factors, z)
    start = torch.eye(len(everything)).double()
    design, untouched = (bait.Design(start, everything, factors, z) for _ in range(2))
    for i in (3, 8):
        design.change(i, 1)
    assert not torch.allclose(design.worth(1), untouched.worth(1))
    for i in (3, 8):
        design.change(i, -1)
    for name in ("inverse", "t", "b"):
        assert torch.allclose(getattr(design, name), getattr(untouched, name), atol=1e-9)


def test_too_many_classes_are_refused_with_a_way_out(make_pool):
    pool = make_pool(seed=7, size=20, modalities=1, classes=100, widths=(200,))
    with pytest.raises(MindgapError, match=r"choose bait\[fisher=binary\] or a narrower learner"):
        Bait().select(pool, 2, np.random.default_rng(0))
    assert len(Bait(fisher="binary").select(pool, 2, np.random.default_rng(0)).rows) == 2
