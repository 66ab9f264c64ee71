"""The contract's parts: what a pool serves, and who wins where scores are equal."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from mindgap.registry import Registry
from mindgap.strategies import SERVED, Pool, argmax, best
from mindgap.tasks import TaskShape


@pytest.fixture
def bare(make_pool):
    """A pool for a strategy that required nothing."""
    pool = make_pool(seed=0, size=20)
    kept = {name: getattr(pool, name) for name in ("names", "n_classes", "observed")}
    return Pool(**kept, labelled=pool.labelled, labels=pool.labels, candidates=pool.candidates)


@pytest.mark.parametrize("what", sorted(SERVED))
def test_what_was_not_required_is_refused_by_name(bare, what):
    with pytest.raises(LookupError) as caught:
        read(bare, what)
    assert str(caught.value) == (f"the strategy reads {what!r} but its requires() doesn't list it")


@pytest.mark.parametrize("what", sorted(SERVED))
def test_what_was_required_is_served_and_nothing_beside_it(make_pool, what):
    pool = make_pool(seed=0, size=20)
    only = Pool(
        pool.names,
        pool.n_classes,
        pool.observed,
        pool.labelled,
        pool.labels,
        pool.candidates,
        {what: pool.served[what]},
    )
    assert read(only, what) is pool.served[what]
    for other in set(SERVED) - {what}:
        with pytest.raises(LookupError, match=other):
            read(only, other)


def read(pool, what):
    key, _, absent = what.partition(":")
    return pool.subset_probabilities(absent) if absent else getattr(pool, key)


def test_a_pool_and_a_selection_cannot_be_assigned_to(bare):
    with pytest.raises(AttributeError):
        bare.candidates = torch.arange(3)
    with pytest.raises(AttributeError):
        best(torch.arange(10.0), bare, 3, np.random.default_rng(0)).rows = torch.arange(3)


@pytest.mark.parametrize("n", [1, 4, 10])
def test_best_are_the_largest_in_descending_order(bare, n):
    scores = torch.tensor([3.0, -1.0, 8.0, 0.5, 7.0, 2.0, -9.0, 4.0, 6.0, 1.0])
    chosen = best(scores, bare, n, np.random.default_rng(0))
    order = [2, 4, 8, 7, 0, 5, 9, 3, 1, 6][:n]
    assert chosen.rows.tolist() == bare.candidates[order].tolist()
    assert chosen.scores.tolist() == scores[order].tolist()


def test_best_orders_equal_scores_by_chance_and_unequal_ones_never(bare):
    scores = torch.tensor([1.0, 5.0, 1.0, 1.0, 0.0, 1.0, 5.0, 1.0, 0.0, 0.0])
    second_last = []
    for seed in range(200):
        chosen = best(scores, bare, 7, np.random.default_rng(seed))
        assert chosen.scores.tolist() == [5.0] * 2 + [1.0] * 5
        second_last.append(int(chosen.rows[5]))
    counts = [second_last.count(row) for row in bare.candidates[[0, 2, 3, 5, 7]].tolist()]
    assert sum(counts) == 200
    assert chisquare(counts).pvalue > 0.001


def test_argmax_chooses_by_chance_between_equal_scores_only():
    scores = torch.tensor([0.0, 2.0, 1.0, 2.0, -torch.inf, 2.0])
    found = [argmax(scores, np.random.default_rng(seed)) for seed in range(200)]
    assert chisquare([found.count(place) for place in (1, 3, 5)]).pvalue > 0.001
    assert set(found) == {1, 3, 5}
    assert argmax(torch.tensor([0.0, 1.0]), np.random.default_rng(0)) == 1


def test_argmax_without_ties_draws_nothing():
    rng = np.random.default_rng(0)
    argmax(torch.arange(9.0), rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_a_strategy_supports_everything_unless_it_says_otherwise():
    margin = Registry().configure("strategy", "margin").build()
    assert margin.supports(TaskShape({"image": (3,)}, 2), set()) is None
