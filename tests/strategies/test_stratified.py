"""Stratified: shares by Hamilton's method, the strategy itself within each pattern."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from mindgap.strategies.badge import Badge
from mindgap.strategies.bald import Bald
from mindgap.strategies.coreset import Coreset
from mindgap.strategies.margin import Margin
from mindgap.strategies.stratified import Stratified, shares
from mindgap.tasks import TaskShape


def patterns_of(pool, rows):
    return [tuple(pool.observed[row].tolist()) for row in rows.tolist()]


@pytest.mark.parametrize("inner", [Margin(), Coreset()])
@pytest.mark.parametrize("seed", range(3))
def test_within_each_pattern_it_chooses_what_the_strategy_would(make_pool, seed, inner):
    pool = make_pool(seed=seed, gaps=0.4)
    chosen = Stratified(inner).select(pool, 40, np.random.default_rng(seed))
    found = Counter(patterns_of(pool, chosen.rows))
    there = Counter(patterns_of(pool, pool.candidates))
    assert len(there) == 7
    for pattern, count in there.items():
        own = [p == pattern for p in patterns_of(pool, pool.candidates)]
        part = replace(pool, candidates=pool.candidates[torch.tensor(own)])
        expected = inner.select(part, found[pattern], np.random.default_rng(0)).rows.tolist()
        mine = [
            r for r in chosen.rows.tolist() if patterns_of(pool, torch.tensor([r])) == [pattern]
        ]
        assert mine == expected
        assert abs(found[pattern] - 40 * count / 300) < 1


def test_scores_stay_with_their_samples(make_pool):
    pool = make_pool(seed=3, gaps=0.4)
    chosen = Stratified(Margin()).select(pool, 40, np.random.default_rng(0))
    top = pool.probabilities[chosen.rows].topk(2, dim=1).values
    assert chosen.scores.tolist() == (top[:, 1] - top[:, 0]).tolist()


def test_the_best_of_every_pattern_come_before_the_second_best(make_pool):
    pool = make_pool(seed=4, gaps=0.4, modalities=2)
    chosen = Stratified(Margin()).select(pool, 60, np.random.default_rng(0))
    halves = [Counter(patterns_of(pool, part)) for part in chosen.rows.split(30)]
    for pattern in halves[0]:
        assert abs(halves[0][pattern] - halves[1][pattern]) <= 1


def test_with_one_pattern_it_is_the_strategy_itself(make_pool):
    pool = make_pool(seed=5, gaps=0.0)
    expected = Margin().select(pool, 30, np.random.default_rng(0))
    chosen = Stratified(Margin()).select(pool, 30, np.random.default_rng(0))
    assert chosen.rows.equal(expected.rows)
    assert chosen.scores.equal(expected.scores)


def test_it_needs_what_the_strategy_inside_needs():
    shape = TaskShape({"image": (3,)}, 2)
    assert Stratified(Badge()).requires() == Badge().requires()
    assert Stratified(Bald()).supports(shape, {"stochastic"}) is None
    assert "stochastic" in Stratified(Bald()).supports(shape, set())


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.integers(0, 60), st.integers(0, 9))
def test_shares_add_up_and_are_within_one_of_exact(counts, n, seed):
    counts = np.array(counts)
    n = min(n, int(counts.sum()))
    found = shares(counts, n, np.random.default_rng(seed))
    assert found.sum() == n
    assert (found <= counts).all()
    assert (np.abs(found - n * counts / max(counts.sum(), 1)) < 1).all()


def test_chance_decides_between_equal_remainders():
    counts = np.array([5, 5, 5])
    lucky = [int(shares(counts, 1, np.random.default_rng(seed)).argmax()) for seed in range(300)]
    assert chisquare([lucky.count(p) for p in range(3)]).pvalue > 0.001
