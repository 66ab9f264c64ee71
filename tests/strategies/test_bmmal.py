"""BMMAL against its definition: Shapley values over all orders, scaled gradients really there."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mindgap.strategies import gradient
from mindgap.strategies.badge import Badge
from mindgap.strategies.bmmal import Bmmal, scales
from mindgap.tasks.subsets import shapley


def over_all_orders(value, names):
    """Shapley values of one sample: mean gain of each name over all M! orders of joining."""
    gains = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for k, name in enumerate(order):
            gains[name] += value[frozenset(order[: k + 1])] - value[frozenset(order[:k])]
    return np.array([gains[name] / len(orders) for name in names])


def embeddings_of(pool):
    """(U, C sum D_m): the balanced gradient embeddings, sample by sample, in float64."""
    shown = {
        s: p.numpy().astype(np.float64) for s, p in pool.served["subset_probabilities:zero"].items()
    }
    rows = []
    for i in pool.candidates.tolist():
        delta = pool.probabilities[i].numpy().astype(np.float64)
        predicted = int(delta.argmax())
        delta[predicted] -= 1
        phi = over_all_orders({subset: p[i, predicted] for subset, p in shown.items()}, pool.names)
        share = np.abs(phi) / np.abs(phi).sum()
        blocks = []
        for m, name in enumerate(pool.names):
            z = pool.unimodal_embeddings[name][i].numpy().astype(np.float64)
            if not pool.observed[i, m]:
                z = np.zeros_like(z)
            blocks.append(np.outer(delta, (1 - (share.max() - share[m])) * z).ravel())
        rows.append(np.concatenate(blocks))
    return np.array(rows)


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_by_definition(
    make_pool, dense_picks, monkeypatch, seed, gaps, modalities
):
    monkeypatch.setattr(gradient, "BLOCK", 1)  # draws by inversion, as the dense ones
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities, like_real=False)
    chosen = Bmmal().select(pool, 30, np.random.default_rng(seed))
    places, squared = dense_picks(embeddings_of(pool), 30, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[places].tolist()
    assert chosen.scores.numpy() == pytest.approx(squared, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("modalities", [2, 3])
def test_it_is_not_badge(make_pool, modalities):
    pool = make_pool(seed=0, gaps=0.0, modalities=modalities, like_real=False)
    ours, badge = (s.select(pool, 30, np.random.default_rng(0)) for s in (Bmmal(), Badge()))
    assert ours.rows.tolist() != badge.rows.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_with_one_modality_it_is_badge(make_pool, seed):
    pool = make_pool(seed=seed, gaps=0.0, modalities=1)
    ours, badge = (s.select(pool, 30, np.random.default_rng(seed)) for s in (Bmmal(), Badge()))
    assert ours.rows.tolist() == badge.rows.tolist()
    assert ours.scores.equal(badge.scores)


def test_where_no_modality_contributes_it_is_badge(make_pool, serving):
    pool = make_pool(seed=4, gaps=0.0)
    same = dict.fromkeys(pool.served["subset_probabilities:zero"], pool.probabilities)
    pool = serving(pool, subset_probabilities__zero=same)
    ours, badge = (s.select(pool, 30, np.random.default_rng(4)) for s in (Bmmal(), Badge()))
    assert ours.rows.tolist() == badge.rows.tolist()


def test_the_token_of_a_missing_modality_plays_no_part(make_pool, serving):
    pool = make_pool(seed=5, gaps=0.5)
    other = {
        name: torch.where(pool.observed[:, m, None], z, 1e3)
        for m, (name, z) in enumerate(pool.unimodal_embeddings.items())
    }
    first = Bmmal().select(pool, 30, np.random.default_rng(0))
    second = Bmmal().select(serving(pool, unimodal_embeddings=other), 30, np.random.default_rng(0))
    assert first.rows.tolist() == second.rows.tolist()


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 4), st.integers(0, 10**6))
def test_shapley_values_are_the_mean_gain_over_all_orders(players, seed):
    g = torch.Generator().manual_seed(seed)
    names = ("a", "b", "c", "d")[:players]
    coalitions = {frozenset(o[:k]) for o in permutations(names) for k in range(players + 1)}
    value = {s: torch.rand(3, generator=g, dtype=torch.float64) for s in coalitions}
    by_name = shapley(value, names)
    found = torch.stack([by_name[name] for name in names], dim=1)
    assert found.shape == (3, players)
    for i in range(3):
        expected = over_all_orders({s: float(v[i]) for s, v in value.items()}, names)
        assert found[i].numpy() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("contributions", "expected"),
    [
        ([0.3, 0.1], [1.0, 0.5]),  # the paper's case: twice the weaker share
        ([-0.1, 0.3], [0.5, 1.0]),  # a modality that speaks against the class counts as much
        ([0.2, 0.2], [1.0, 1.0]),
        ([0.0, 0.4], [0.0, 1.0]),
        ([0.0, 0.0], [1.0, 1.0]),
        ([-0.7], [1.0]),
        ([0.5, -0.3, 0.2], [1.0, 0.8, 0.7]),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
    ],
)
def test_scales_by_hand(contributions, expected):
    found = scales(torch.tensor([contributions, contributions]))
    assert found.tolist() == [pytest.approx(expected, abs=1e-6)] * 2
