"""Entropy against SciPy and scikit-activeml, its ties against chance."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, entropy
from skactiveml.pool import uncertainty_scores

from mindgap.strategies.entropy import Entropy


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_scipy_and_scikit_activeml(make_pool, seed, classes):
    pool = make_pool(seed=seed, classes=classes)
    probabilities = pool.probabilities[pool.candidates].double()
    probabilities /= probabilities.sum(dim=1, keepdim=True)
    uncertainty = entropy(probabilities.numpy(), axis=1)
    theirs = uncertainty_scores(probabilities.numpy(), method="entropy")
    assert theirs == pytest.approx(uncertainty)
    order = np.argsort(-uncertainty)[:50]
    chosen = Entropy().select(pool, 50, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(uncertainty[order], abs=1e-5)


def test_a_probability_of_zero_counts_for_nothing(make_pool, serving):
    pool = make_pool(seed=0, size=5, labelled=1, classes=3)
    probabilities = torch.full((5, 3), 1 / 3)
    probabilities[pool.candidates] = torch.tensor(
        [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]
    )
    chosen = Entropy().select(
        serving(pool, probabilities=probabilities), 4, np.random.default_rng(0)
    )
    assert chosen.rows[:2].tolist() == pool.candidates[[3, 1]].tolist()
    assert chosen.scores.tolist() == pytest.approx(
        [entropy([0.2, 0.3, 0.5]), np.log(2), 0.0, 0.0], abs=1e-6
    )


def test_chance_decides_between_equal_entropies(make_pool, serving):
    pool = make_pool(seed=1, size=40)
    probabilities = torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(40, 1)
    tied = pool.candidates[[0, 5, 6, 17, 29]]
    probabilities[tied] = 0.25
    pool = serving(pool, probabilities=probabilities)
    firsts = [
        int(Entropy().select(pool, 1, np.random.default_rng(seed)).rows[0]) for seed in range(200)
    ]
    counts = [firsts.count(row) for row in tied.tolist()]
    assert sum(counts) == 200
    assert chisquare(counts).pvalue > 0.001
