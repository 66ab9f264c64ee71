"""t intervals, paired tests and Holm's correction, against scipy, brute force and simulation."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from mindgap.analysis import difference, holm, mean


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_scipy_agrees(seed, n):
    rng = np.random.default_rng(seed)
    values, reference = rng.normal(0.8, 0.02, n), rng.normal(0.79, 0.02, n)
    found = difference(values, reference)
    expected = stats.ttest_rel(values, reference)
    interval = expected.confidence_interval(0.95)
    assert found.n == n
    assert found.mean == pytest.approx((values - reference).mean())
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p == pytest.approx(expected.pvalue)
    own = mean(values)
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (own.value, own.low, own.high) == pytest.approx(
        (values.mean(), interval.low, interval.high)
    )


def test_one_pair_has_no_interval():
    found = difference([0.8], [0.7])
    assert found.mean == pytest.approx(0.1)
    assert found.n == 1
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan([mean([0.8]).low, mean([0.8]).high]).all()


def test_no_pair_has_nothing():
    found = difference([], [])
    assert found.n == 0
    assert np.isnan([found.mean, found.low, found.high, found.p]).all()
    assert mean([]).n == 0


def test_equal_curves_differ_by_nothing():
    found = difference([0.8, 0.7, 0.6], [0.8, 0.7, 0.6])
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_equal_differences_are_no_evidence():
    found = difference([0.8, 0.7, 0.6], [0.7, 0.6, 0.5])
    assert found.mean == pytest.approx(0.1)
    assert np.isnan([found.low, found.high, found.p]).all()


def test_what_is_not_a_number_is_left_out_and_not_counted():
    found = difference([0.8, np.nan, 0.6, 0.9], [0.7, 0.5, 0.4, np.inf])
    assert found == difference([0.8, 0.6], [0.7, 0.4])
    assert found.n == 2
    assert mean([0.5, np.nan, 0.7]) == mean([0.5, 0.7])


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("seed", range(2))
def test_the_interval_holds_the_truth_19_times_in_20(seed, n):
    rng = np.random.default_rng([seed, n])
    draws, truth = 1000, 0.013
    held = wrong = 0
    for _ in range(draws):
        shared = rng.normal(0.8, 0.05, n)
        reference = shared + rng.normal(0, 0.01, n)
        found = difference(shared + truth + rng.normal(0, 0.01, n), reference)
        held += found.low <= truth <= found.high
        wrong += difference(shared + rng.normal(0, 0.01, n), reference).p < 0.05
    tolerance = 4 * np.sqrt(0.05 * 0.95 / draws)
    assert abs(held / draws - 0.95) < tolerance
    assert abs(wrong / draws - 0.05) < tolerance


def test_holm_by_hand():
    # sorted .005 x 4, .01 x 3, .03 x 2, .04 x 1 raised to .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("seed", range(20))
def test_holm_is_the_closure_of_bonferroni(seed):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 2, size=5).round(2).tolist()  # ties, and some beyond 1 / m
    closed = [
        max(
            min(1, len(subset) * min(p[j] for j in subset))
            for size in range(1, 6)
            for subset in combinations(range(5), size)
            if i in subset
        )
        for i in range(5)
    ]
    assert holm(p) == pytest.approx(closed)


def test_holm_does_not_count_what_was_not_tested():
    found = holm([0.01, np.nan, 0.04])
    assert np.isnan(found[1])
    assert [found[0], found[2]] == pytest.approx([0.02, 0.04])
    assert holm([]) == []
