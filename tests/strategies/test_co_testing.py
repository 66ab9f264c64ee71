"""Co-testing against its definition, sample by sample, and what fills up a short contention set."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.strategies.co_testing import AGREED, CoTesting

VARIANTS = ("naive", "aggressive", "conservative")


def by_definition(pool, variant):
    """Row -> what it is worth, contention points only."""
    worth = {}
    for i in pool.candidates.tolist():
        heads = [
            pool.unimodal_probabilities[name][i].tolist()
            for m, name in enumerate(pool.names)
            if pool.observed[i, m]
        ]
        predicted = {max(range(len(p)), key=p.__getitem__) for p in heads}
        if len(predicted) > 1:
            sure = [max(p) for p in heads]
            worth[i] = {
                "naive": 0.0,
                "aggressive": min(sure),
                "conservative": -(max(sure) - min(sure)),
            }[variant]
    return worth


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("modalities", [2, 3, 5])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_contention_points_first_the_best_of_them_first(make_pool, seed, gaps, modalities, variant):
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities)
    worth = by_definition(pool, variant)
    assert worth
    n = min(len(worth) + 20, len(pool.candidates))
    chosen = CoTesting(variant=variant).select(pool, n, np.random.default_rng(seed))
    first, rest = chosen.rows[: len(worth)].tolist(), chosen.rows[len(worth) :].tolist()
    assert set(first) == set(worth)
    assert chosen.scores[: len(worth)].tolist() == pytest.approx([worth[row] for row in first])
    assert chosen.scores[: len(worth)].tolist() == pytest.approx(
        sorted(worth.values(), reverse=True)
    )
    assert not set(rest) & set(worth)
    assert (chosen.scores[len(worth) :] == AGREED).all()


def test_by_hand(make_pool, serving):
    pool = make_pool(seed=0, modalities=2, size=5, labelled=1, classes=2, gaps=0.0)
    left, right = torch.full((5, 2), 0.5), torch.full((5, 2), 0.5)
    left[pool.candidates] = torch.tensor([[0.9, 0.1], [0.95, 0.05], [0.7, 0.3], [1.0, 0.0]])
    right[pool.candidates] = torch.tensor([[0.2, 0.8], [0.4, 0.6], [0.32, 0.68], [0.9, 0.1]])
    pool = serving(pool, unimodal_probabilities={"image": left, "text": right})
    orders = {"aggressive": [0, 2, 1, 3], "conservative": [2, 0, 1, 3]}
    for variant, order in orders.items():
        chosen = CoTesting(variant=variant).select(pool, 4, np.random.default_rng(0))
        assert chosen.rows.tolist() == pool.candidates[order].tolist(), variant
    found = CoTesting("aggressive").select(pool, 4, np.random.default_rng(0)).scores.tolist()
    assert found == pytest.approx([0.8, 0.68, 0.6, -1])
    found = CoTesting("conservative").select(pool, 4, np.random.default_rng(0)).scores.tolist()
    assert found == pytest.approx([-0.02, -0.1, -0.35, -1])


def test_a_missing_modality_has_no_vote(make_pool, serving):
    pool = make_pool(seed=1, modalities=2, size=4, labelled=0, gaps=0.0)
    pool.observed[0, 1] = False
    first, second = torch.eye(4)[[0, 0, 0, 0]], torch.eye(4)[[1, 1, 0, 0]]
    second[0] = torch.nan
    pool = serving(pool, unimodal_probabilities={"image": first, "text": second})
    chosen = CoTesting().select(pool, 4, np.random.default_rng(0))
    assert int(chosen.rows[0]) == 1
    assert chosen.scores.tolist() == [0, -1, -1, -1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_with_one_modality_there_is_no_contention_and_chance_decides(make_pool, variant):
    pool = make_pool(seed=2, modalities=1, gaps=0.0, size=15)
    firsts = [
        int(CoTesting(variant).select(pool, 1, np.random.default_rng(seed)).rows[0])
        for seed in range(200)
    ]
    counts = [firsts.count(row) for row in pool.candidates.tolist()]
    assert chisquare(counts).pvalue > 0.001


def test_naive_draws_evenly_among_contention_points(make_pool):
    pool = make_pool(seed=3, modalities=3, gaps=0.0, size=20)
    points = list(by_definition(pool, "naive"))
    assert 2 < len(points) < 10
    firsts = [
        int(CoTesting().select(pool, 1, np.random.default_rng(seed)).rows[0]) for seed in range(200)
    ]
    counts = [firsts.count(row) for row in points]
    assert sum(counts) == 200
    assert chisquare(counts).pvalue > 0.001


def test_the_variant_is_a_parameter():
    built = Registry().configure("strategy", "co_testing[variant=aggressive]").build()
    assert built == CoTesting("aggressive")
    with pytest.raises(MindgapError, match="naive"):
        Registry().configure("strategy", "co_testing[variant=agressive]")
