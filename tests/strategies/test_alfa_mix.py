"""ALFA-Mix against the closed form of the paper, element by element, with every anchor."""

import numpy as np
import pytest
import torch

from mindgap.strategies.alfa_mix import AlfaMix, flips


def by_formula(pool, eps):
    """Whether any anchor's mixture, with alpha of equation 5 in float64, is predicted otherwise."""
    d = pool.embeddings.shape[1]
    zero = torch.zeros(1, dtype=torch.int64)
    bias = pool.head(torch.zeros(1, d), zero).double().numpy()[0]
    weight = (pool.head(torch.eye(d), zero.expand(d)) - pool.head(torch.zeros(1, d), zero)).double()
    weight, z = weight.numpy(), pool.embeddings.double().numpy()
    found = []
    for row in pool.candidates.tolist():
        logits = z[row] @ weight + bias
        p = np.exp(logits - logits.max())
        p /= p.sum()
        g = weight @ (p - np.eye(len(p))[p.argmax()])
        changed = False
        for c in np.unique(pool.labels):
            anchor = z[pool.labelled[pool.labels == c].numpy()].mean(axis=0)
            way = anchor - z[row]
            alpha = eps * np.linalg.norm(way) * g / np.linalg.norm(g) / way
            mixed = alpha * anchor + (1 - alpha) * z[row]
            changed |= bool((mixed @ weight + bias).argmax() != p.argmax())
        found.append(changed)
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_samples_flip_as_by_the_paper_s_formula(make_pool, seed):
    pool = make_pool(seed=seed, like_real=False, gaps=0.0)
    for eps in (0.02, 0.1):
        expected = by_formula(pool, eps)
        assert 5 < expected.sum() < 295
        assert (flips(pool, eps).numpy() == expected).mean() > 0.99


def test_it_chooses_among_those_that_flip_and_fills_up_at_random(make_pool):
    pool = make_pool(seed=3, like_real=False)
    flipped = set(pool.candidates[flips(pool, 0.2 / 20**0.5)].tolist())
    n = len(flipped) + 7
    chosen = AlfaMix().select(pool, n, np.random.default_rng(0))
    assert set(chosen.rows[:-7].tolist()) == flipped
    assert chosen.scores[-7:].tolist() == [0] * 7
    some = AlfaMix().select(pool, 5, np.random.default_rng(0))
    assert set(some.rows.tolist()) <= flipped


def test_without_a_label_there_is_no_anchor(make_pool):
    pool = make_pool(seed=4, size=30, labelled=0)
    assert not flips(pool, 1.0).any()
