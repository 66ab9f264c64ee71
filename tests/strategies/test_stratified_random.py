"""Classes have the shares that are asked for, and chance decides within each."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from mindgap.strategies.stratified_random import StratifiedRandom, even


@pytest.fixture
def pool(make_pool, serving):
    """Four classes of 10, 20, 30 and 240 candidates; ten labels, of whatever class."""
    found = make_pool(seed=0, size=310, labelled=10)
    classes = torch.repeat_interleave(torch.arange(4), torch.tensor([10, 20, 30, 240]))
    truth = torch.zeros(310, dtype=torch.int64)
    truth[found.candidates] = classes[
        torch.randperm(300, generator=torch.Generator().manual_seed(1))
    ]
    truth[found.labelled] = found.labels
    return serving(found, true_labels=torch.nn.functional.one_hot(truth, 4).float())


def counts(pool, strategy, n, seed=0):
    rows = strategy.select(pool, n, np.random.default_rng(seed)).rows
    return pool.true_labels[rows].sum(dim=0).tolist()


def test_shares_are_those_of_the_candidates(pool):
    assert counts(pool, StratifiedRandom(), 30) == [1, 2, 3, 24]
    assert counts(pool, StratifiedRandom(), 300) == [10, 20, 30, 240]
    drawn = {tuple(counts(pool, StratifiedRandom(), 15, seed)) for seed in range(40)}
    assert drawn == {(1, 1, 1, 12), (0, 1, 2, 12)}  # remainders of a half, two of which win


@pytest.mark.parametrize("n", [1, 9, 33, 40, 200])
def test_equal_shares_leave_the_labelled_set_as_even_as_it_can_be(pool, n):
    known = pool.labels.bincount(minlength=4).numpy()
    given = np.array(counts(pool, StratifiedRandom(shares="equal"), n))
    total, there = known + given, np.array([10, 20, 30, 240])
    assert given.sum() == n
    for rich in (given > 0).nonzero()[0]:  # nobody got one while another with candidates had fewer
        assert all(total[rich] - 1 <= total[c] for c in (given < there).nonzero()[0])


def test_chance_decides_between_classes_with_as_few():
    rng, zero, many = np.random.default_rng(0), np.zeros(3, dtype=int), np.full(3, 9)
    first = sum(even(zero, many, 1, rng) for _ in range(3000))
    assert chisquare(first).pvalue > 1e-4


def test_every_candidate_of_a_class_is_as_likely(pool):
    found = np.zeros(310)
    for seed in range(2000):
        chosen = StratifiedRandom().select(pool, 30, np.random.default_rng(seed))
        found[chosen.rows.numpy()] += 1
    own = pool.true_labels.argmax(dim=1).numpy()
    for c in range(4):
        members = np.intersect1d((own == c).nonzero()[0], pool.candidates.numpy())
        assert chisquare(found[members]).pvalue > 1e-4
