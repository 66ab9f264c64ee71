"""CDAL against a loop over all pairs, with SciPy's divergences."""

import numpy as np
import pytest
from scipy.stats import entropy

from mindgap.strategies.cdal import Cdal


@pytest.mark.parametrize("seed", range(3))
def test_same_as_a_loop_over_all_pairs(make_pool, seed):
    pool = make_pool(seed=seed, size=150, labelled=70)
    p = pool.probabilities.double().numpy()
    apart_from = (entropy(p[:, None], p, axis=2) + entropy(p, p[:, None], axis=2)) / 2
    centres, rows, apart = pool.labelled.tolist(), [], []
    for _ in range(12):
        far = {u: apart_from[u, centres].min() for u in pool.candidates.tolist() if u not in rows}
        rows.append(max(far, key=far.get))
        apart.append(far[rows[-1]])
        centres.append(rows[-1])
    chosen = Cdal().select(pool, 12, np.random.default_rng(seed))
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(apart, rel=1e-3)
