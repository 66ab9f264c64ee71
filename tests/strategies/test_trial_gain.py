"""The oracle takes the batch that a trial likes best."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.strategies import ORACLE
from mindgap.strategies.trial_gain import TrialGain


@pytest.fixture
def pool(make_pool):
    return make_pool(seed=0, size=40, serve=ORACLE.keys())


def tried(pool, gains, batches=4):
    """What it chose of 6, and the batches that it asked about."""
    asked = []

    def trial(rows):
        asked.append(rows)
        return torch.tensor(gains)

    pool = replace(pool, served={"trial": trial})
    chosen = TrialGain(batches=batches).select(pool, 6, np.random.default_rng(0))
    (rows,) = asked
    assert rows.shape == (4, 6)
    assert torch.isin(rows, pool.candidates).all()
    assert all(len(set(batch)) == 6 for batch in rows.tolist())
    assert len(set(map(tuple, rows.tolist()))) == 4
    return chosen, rows


def test_the_best_of_the_batches(pool):
    chosen, rows = tried(pool, [0.5, 0.7, 0.6, 0.1])
    assert chosen.rows.equal(rows[1])
    assert chosen.scores.tolist() == pytest.approx([0.7] * 6)


def test_what_diverges_comes_last(pool):
    chosen, rows = tried(pool, [torch.nan, torch.nan, 0.0, torch.nan])
    assert chosen.rows.equal(rows[2])
    chosen, _ = tried(pool, [torch.nan] * 4)
    assert chosen.scores.isfinite().all()
