"""Mean-std against NumPy's standard deviation."""

import numpy as np
import pytest

from mindgap.strategies.mean_std import MeanStd


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_mean_over_classes_of_the_standard_deviation(make_pool, seed):
    pool = make_pool(seed=seed, classes=2 + seed)
    expected = pool.mc_probabilities[:, pool.candidates].double().numpy().std(axis=0).mean(axis=1)
    order = np.argsort(-expected)[:50]
    chosen = MeanStd().select(pool, 50, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(expected[order], rel=1e-4)
