"""Least confidence against scikit-activeml."""

import numpy as np
import pytest
import torch
from skactiveml.pool import uncertainty_scores

from mindgap.strategies.least_confidence import LeastConfidence
from mindgap.strategies.margin import Margin


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_scikit_activeml(make_pool, seed, classes):
    pool = make_pool(seed=seed, classes=classes)
    probabilities = pool.probabilities[pool.candidates].double().numpy()
    utility = uncertainty_scores(probabilities, method="least_confident")
    order = np.argsort(-utility)[:50]
    chosen = LeastConfidence().select(pool, 50, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(utility[order], abs=1e-6)


def test_it_is_margin_for_two_classes_and_not_for_three(make_pool):
    for classes, same in ((2, True), (3, False)):
        pool = make_pool(seed=1, classes=classes)
        ours, margin = (
            s.select(pool, 50, np.random.default_rng(0)) for s in (LeastConfidence(), Margin())
        )
        assert torch.equal(ours.rows, margin.rows) is same
