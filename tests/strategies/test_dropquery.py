"""DropQuery: counted changes, and which candidates are clustered."""

import numpy as np
import pytest
import torch

from mindgap.strategies import representatives
from mindgap.strategies.dropquery import Dropquery


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_those_of_the_whole_head(make_pool, seed):
    pool = make_pool(seed=seed)
    found = Dropquery(passes=5).changes(pool, np.random.default_rng(seed))
    rng, z = np.random.default_rng(seed), pool.embeddings[pool.candidates].double().numpy()
    d = z.shape[1]
    rows = torch.zeros(d, dtype=torch.int64)
    bias = pool.head(torch.zeros(d, d), rows).double().numpy()
    weight = pool.head(torch.eye(d), rows).double().numpy() - bias
    predicted = (z @ weight + bias[0]).argmax(axis=1)
    expected = np.zeros(len(z), int)
    for _ in range(5):
        dropped = np.where(rng.random(z.shape, np.float32) < 0.75, 0, 4 * z)
        expected += (dropped @ weight + bias[0]).argmax(axis=1) != predicted
    assert (found.numpy() == expected).mean() > 0.99
    assert 0 < expected.mean() < 5


@pytest.mark.parametrize(("enough", "least"), [(0, 2), (25, 1), (50, 0)])
def test_more_are_clustered_where_too_few_change(make_pool, monkeypatch, enough, least):
    pool = make_pool(seed=1)
    changes = torch.tensor([3, 2, 1, 0, 0]).repeat(60)
    asked, real = [], representatives.choose
    monkeypatch.setattr(Dropquery, "changes", lambda self, pool, rng: changes)
    monkeypatch.setattr(
        representatives, "choose", lambda z, rows, *rest: asked.append(rows) or real(z, rows, *rest)
    )
    chosen = Dropquery(enough=enough).select(pool, 6, np.random.default_rng(0))
    (rows,) = asked
    assert rows.equal(pool.candidates[changes >= least])
    assert set(chosen.rows.tolist()) <= set(rows.tolist())
