"""Random: uniform, and nothing else."""

import numpy as np
import pytest
from scipy.stats import chisquare

from mindgap.strategies.random import Random


@pytest.mark.parametrize("place", [0, 4, -1])
def test_every_candidate_is_as_likely_as_any_other_at_every_place(make_pool, place):
    pool = make_pool(seed=0, size=40)
    chosen = [
        int(Random().select(pool, 10, np.random.default_rng(seed)).rows[place])
        for seed in range(3000)
    ]
    counts = [chosen.count(row) for row in pool.candidates.tolist()]
    assert sum(counts) == 3000
    assert chisquare(counts).pvalue > 0.001


def test_it_reads_nothing():
    assert Random().requires() == set()
