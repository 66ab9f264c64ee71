"""UHerding against its definition: weights, width and choices."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.strategies.maxherding import Maxherding
from mindgap.strategies.uherding import CHUNK, NARROW, Uherding, smallest_distance, uncertainty


def directions(pool):
    """Standardised by modality and of length one, in float64."""
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        x = embedding.numpy().astype(np.float64)
        x = x - x.mean(axis=0)
        blocks.append(x / np.sqrt((x**2).sum(axis=1).mean()))
    points = np.concatenate(blocks, axis=1)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def dense(pool, n, temperature=1.0, sigma=None):
    """By definition, with all kernel values at hand; the choices, and the coverage each adds."""
    points = directions(pool)
    squared = ((points[:, None, :] - points) ** 2).sum(axis=2)
    s, weights = pool.labelled.tolist(), np.ones(len(points))
    if sigma is None:
        pairs = squared[np.ix_(s, s)]
        sigma = np.sqrt(pairs[pairs > 1e-12].min()) if (pairs > 1e-12).any() else 1.0
    if s:
        logits = np.log(pool.probabilities.numpy().astype(np.float64)) / temperature
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = np.sort(p / p.sum(axis=1, keepdims=True), axis=1)
        weights = 1 - (p[:, -1] - p[:, -2])
    k, chosen, gains = np.exp(-squared / sigma**2), [], []
    for _ in range(n):
        before = k[s + chosen].max(axis=0) if s + chosen else np.zeros(len(k))
        gain = {
            i: (weights * np.maximum(k[i] - before, 0)).mean()
            for i in pool.candidates.tolist()
            if i not in chosen
        }
        chosen.append(max(gain, key=gain.get))
        gains.append(gain[chosen[-1]])
    return chosen, gains


@pytest.mark.parametrize("labelled", [0, 1, 2, 10])
@pytest.mark.parametrize("modalities", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_as_defined(make_pool, seed, modalities, labelled):
    pool = make_pool(seed=seed, modalities=modalities, size=150, labelled=labelled, gaps=0.0)
    rows, gains = dense(pool, 12)
    chosen = Uherding().select(pool, 12, np.random.default_rng(seed))
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(gains, rel=1e-3)


@pytest.mark.parametrize("settings", [{"temperature": 4.0}, {"sigma": 0.4}])
@pytest.mark.parametrize("seed", range(3))
def test_settings_by_hand(make_pool, seed, settings):
    pool = make_pool(seed=seed, size=150, gaps=0.0)
    rows, gains = dense(pool, 12, **settings)
    chosen = Uherding(**settings).select(pool, 12, np.random.default_rng(seed))
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(gains, rel=1e-3)


@pytest.mark.parametrize("apart", [0.05, 1e-3, 1e-5])
def test_a_narrow_kernel_is_as_exact(make_pool, serving, apart):
    """Two labelled samples all but coincide, as have some candidates."""
    pool = make_pool(seed=5, modalities=1, size=150, gaps=0.0)
    points = pool.unimodal_embeddings["image"].double()
    twins = pool.candidates[:60:2], pool.candidates[1:60:2]
    g = torch.Generator().manual_seed(5)
    points[twins[1]] = points[twins[0]] + apart * torch.randn(30, 6, generator=g).double()
    points[pool.labelled[1]] = points[pool.labelled[0]] + apart
    pool = serving(pool, unimodal_embeddings={"image": points.float()})
    exact = serving(pool, unimodal_embeddings={"image": points.float().double()})
    rows, gains = dense(exact, 12)
    chosen = Uherding().select(pool, 12, np.random.default_rng(5))
    assert chosen.scores.numpy() == pytest.approx(gains, rel=2e-2)
    if apart >= 1e-3:  # below, single precision can't hold the embeddings' distances
        assert chosen.rows.tolist() == rows


def test_without_labels_it_is_maxherding(make_pool):
    pool = make_pool(seed=1, size=150, labelled=0)
    ours, other = (s.select(pool, 20, np.random.default_rng(0)) for s in (Uherding(), Maxherding()))
    assert ours.rows.equal(other.rows)


def test_with_a_narrow_kernel_it_is_margin(make_pool):
    pool = make_pool(seed=2, modalities=1, size=150, gaps=0.0)
    p = pool.probabilities[pool.candidates].topk(2, dim=1).values
    expected = pool.candidates[(p[:, 0] - p[:, 1]).argsort()[:15]]
    chosen = Uherding(sigma=NARROW / 5).select(pool, 15, np.random.default_rng(0))
    assert chosen.rows.tolist() == expected.tolist()


def test_the_labels_themselves_play_no_part(make_pool):
    pool = make_pool(seed=3, size=150)
    other = replace(pool, labels=pool.labels.flip(0))
    first, second = (Uherding().select(p, 20, np.random.default_rng(0)) for p in (pool, other))
    assert first.rows.equal(second.rows)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_uncertainty_is_what_the_margin_leaves(temperature):
    logits = torch.tensor([[1.0, 3.0, 2.0], [0.0, 0.0, 0.0], [-9.0, 9.0, 0.0]])
    p = (logits / temperature).softmax(dim=1).sort(dim=1).values
    found = uncertainty(logits.softmax(dim=1), temperature)
    assert found.tolist() == pytest.approx((1 - (p[:, 2] - p[:, 1])).tolist(), abs=1e-6)


def test_uncertainty_where_probabilities_are_zero():
    p = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    assert uncertainty(p, 2.0).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("size", [2, CHUNK, CHUNK + 1])
def test_the_smallest_distance_is_over_all_pairs_that_differ(size):
    points = torch.arange(size, dtype=torch.float32)[:, None] * 3
    points[-1] = points[-2] + 0.25
    assert smallest_distance(points) == 0.25
    assert smallest_distance(torch.cat([points, points[:1]])) == 0.25


@pytest.mark.parametrize("size", [0, 1, 5])
def test_without_two_that_differ_the_width_is_one(size):
    assert smallest_distance(torch.full((size, 3), 0.7)) == 1.0
