"""FALCUN against the authors' steps, one after the other, in NumPy."""

import numpy as np
import pytest

from mindgap.strategies.falcun import Falcun


def by_hand(p, n, gamma, rng):
    """Draws from (unc + minmax(dist))^gamma among what is left, dist unscaled in between."""
    top = np.sort(p, axis=1)
    unsure = 1 - (top[:, -1] - top[:, -2])
    apart, left, chosen = unsure.copy(), list(range(len(p))), []
    for _ in range(n):
        if chosen:
            apart = np.minimum(apart, np.abs(p - p[chosen[-1]]).sum(axis=1))
        own = apart[left]
        spread = np.ptp(own)
        weights = (unsure[left] + (own - own.min()) / (spread if spread > 0 else 1)) ** gamma
        cumulative = weights.cumsum()
        pick = left[int(np.searchsorted(cumulative, cumulative[-1] * rng.random(), side="right"))]
        chosen.append(pick)
        left.remove(pick)
    return chosen


@pytest.mark.parametrize("gamma", [1.0, 10.0])
@pytest.mark.parametrize("seed", range(3))
def test_same_draws_as_by_hand(make_pool, seed, gamma):
    pool = make_pool(seed=seed)
    p = pool.probabilities[pool.candidates].double().numpy()
    expected = by_hand(p, 30, gamma, np.random.default_rng(seed))
    chosen = Falcun(gamma=gamma).select(pool, 30, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[expected].tolist()
