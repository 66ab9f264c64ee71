"""Samples are arranged by what they hold, and the optimiser is PyTorch's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.registry import Registry
from mindgap.strategies import auxiliary
from mindgap.testing.pools import alike, permuted

SERVE = {"unimodal_embeddings", "embeddings", "probabilities"}
TRAINED = ["core_gcn[steps=5]", "learning_loss[steps=5]", "m_vaal[steps=5]"]


def test_the_order_is_that_of_what_samples_hold(make_pool):
    pool = make_pool(seed=1, size=70, serve=SERVE, validation=5)
    moved, order = permuted(pool, seed=3)
    first, second = (auxiliary.arranged(p, SERVE) for p in (pool, moved))
    assert first.rows.tolist() == order[second.rows].tolist()
    assert first.pool.labels.equal(second.pool.labels)
    assert first.pool.embeddings.equal(second.pool.embeddings)
    assert first.pool.embeddings.equal(pool.embeddings[first.rows])
    own = {r: int(c) for r, c in zip(pool.labelled.tolist(), pool.labels, strict=True)}
    rows = first.rows[first.pool.labelled].tolist()
    assert [own[row] for row in rows] == first.pool.labels.tolist()
    assert sorted(rows) == sorted(pool.labelled.tolist())
    assert sorted(first.rows[first.pool.candidates].tolist()) == pool.candidates.tolist()


def test_twins_are_known_labelled_or_not(make_pool):
    pool = make_pool(seed=1, size=20, gaps=0.0, serve={"unimodal_embeddings"})
    keys = {"unimodal_embeddings"}
    assert auxiliary.arranged(pool, keys).twin.tolist() == list(range(20))
    assert auxiliary.arranged(alike(pool), keys).twin.tolist() == [0] * 20
    zero = torch.zeros(20, 2)
    zero[::2] = -0.0
    signs = replace(pool, served={"unimodal_embeddings": {"image": zero}})
    assert auxiliary.arranged(signs, keys).twin.tolist() == [0] * 20


def test_steps_are_those_of_adam():
    g = torch.Generator().manual_seed(0)
    start, target = torch.randn(4, 3, generator=g), torch.randn(4, 3, generator=g)
    ours, theirs = start.clone(), start.clone().requires_grad_()
    optimiser = torch.optim.Adam([theirs], lr=0.1, weight_decay=0.3)
    mine = auxiliary.Adam([ours], 0.1, 0.3)
    for _ in range(5):
        mine.step([4 * (ours - target).pow(3)])
        optimiser.zero_grad()
        (theirs - target).pow(4).sum().backward()
        optimiser.step()
    assert ours.numpy() == pytest.approx(theirs.detach().numpy(), rel=1e-5)


@pytest.mark.parametrize("sizes", [(4, 3), (4, 5, 3), (4, 5, 6, 1)])
def test_gradients_are_those_of_autograd(sizes):
    g = torch.Generator().manual_seed(0)
    layers = auxiliary.Layers(sizes, torch.zeros(()), g)
    x = torch.randn(7, 4, generator=g, requires_grad=True)
    weights = [w.clone().requires_grad_() for w in layers.weights]
    y = x
    for i in range(0, len(weights), 2):
        y = (torch.relu(y) if i else y) @ weights[i] + weights[i + 1]
    expected = torch.autograd.grad(y.pow(3).sum(), [x, *weights])
    values = layers.forward(x.detach())
    slopes = layers.slopes(values, 3 * values[-1].square())
    found = [slopes[0], *layers.gradients(values, slopes)]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.numpy() == pytest.approx(theirs.numpy(), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("text", TRAINED)
def test_the_same_samples_in_another_order_train_the_same_network_bit_by_bit(make_pool, text):
    strategy = Registry().configure("strategy", text).build()
    pool = make_pool(seed=2, size=60, serve=set(strategy.requires()))
    moved, order = permuted(pool, seed=5)
    first, second = (strategy.select(p, 9, np.random.default_rng(4)) for p in (pool, moved))
    assert first.rows.tolist() == order[second.rows].tolist()
    assert first.scores.equal(second.scores)
