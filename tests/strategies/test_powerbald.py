"""PowerBALD draws without replacement, in proportion to a power of BALD."""

import numpy as np
import pytest
from scipy.stats import chisquare

from mindgap.strategies.bald import Bald, mutual_information
from mindgap.strategies.powerbald import Powerbald


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_the_first_two_are_drawn_in_proportion_to_a_power_of_bald(make_pool, beta):
    pool = make_pool(seed=1, size=14)
    values = mutual_information(pool.mc_probabilities[:, pool.candidates]).double().numpy()
    p = values**beta / (values**beta).sum()
    found = np.zeros((4, 4))
    for seed in range(3000):
        rows = Powerbald(beta).select(pool, 2, np.random.default_rng(seed)).rows
        found[tuple((rows[:, None] == pool.candidates).int().argmax(dim=1).tolist())] += 1
    expected = p[:, None] * p / (1 - p[:, None]) * (1 - np.eye(4))
    off = ~np.eye(4, dtype=bool)
    kept = expected[off] > 2e-3
    assert (found.diagonal() == 0).all()
    share = expected[off][kept] / expected[off][kept].sum()
    assert chisquare(found[off][kept], share * found[off][kept].sum()).pvalue > 0.001


def test_a_large_power_is_bald(make_pool):
    pool = make_pool(seed=2)
    chosen = Powerbald(beta=1e7).select(pool, 20, np.random.default_rng(0))
    assert chosen.rows.equal(Bald().select(pool, 20, np.random.default_rng(0)).rows)
