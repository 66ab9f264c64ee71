"""Margin against scikit-activeml, its ties against chance."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from skactiveml.pool import uncertainty_scores

from mindgap.strategies.margin import Margin


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_scikit_activeml(make_pool, seed, classes):
    pool = make_pool(seed=seed, classes=classes)
    probabilities = pool.probabilities[pool.candidates].double()
    utility = uncertainty_scores(probabilities.numpy(), method="margin_sampling")
    order = np.argsort(-utility)[:50]
    chosen = Margin().select(pool, 50, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(utility[order] - 1, abs=1e-6)


def test_by_hand(make_pool, serving):
    pool = make_pool(seed=0, size=4, labelled=1, classes=3)
    probabilities = torch.zeros(4, 3)
    probabilities[pool.candidates] = torch.tensor(
        [[0.5, 0.1, 0.4], [0.34, 0.33, 0.33], [0.25, 0.7, 0.05]]
    )
    chosen = Margin().select(
        serving(pool, probabilities=probabilities), 3, np.random.default_rng(0)
    )
    assert chosen.rows.tolist() == pool.candidates[[1, 0, 2]].tolist()
    assert chosen.scores.tolist() == pytest.approx([-0.01, -0.1, -0.45], abs=1e-6)


def test_chance_decides_between_equal_margins(make_pool, serving):
    pool = make_pool(seed=1, size=40)
    probabilities = torch.tensor([0.9, 0.1, 0.0, 0.0]).repeat(40, 1)
    tied = pool.candidates[[2, 3, 11, 20, 29]]
    # other classes, the same gap
    probabilities[tied[:2]] = torch.tensor([0.0, 0.5, 0.25, 0.25])
    probabilities[tied[2:]] = torch.tensor([0.25, 0.25, 0.0, 0.5])
    pool = serving(pool, probabilities=probabilities)
    firsts = [
        int(Margin().select(pool, 1, np.random.default_rng(seed)).rows[0]) for seed in range(200)
    ]
    counts = [firsts.count(row) for row in tied.tolist()]
    assert sum(counts) == 200
    assert chisquare(counts).pvalue > 0.001
