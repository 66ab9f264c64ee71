"""Bootstrap intervals, beside closed forms, and how often they hold what they should."""

import numpy as np
import pytest
from analysis.planted_results import plant, run
from scipy import stats

from mindgap.analysis import analyse
from mindgap.analysis.bootstrap import over_seeds, over_tasks


def test_over_many_seeds_it_is_the_normal_interval():
    values = np.random.default_rng(0).normal(0.3, 0.1, 400)
    found = over_seeds(values, "k")
    expected = stats.norm.interval(0.95, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-3)
    assert found == over_seeds(values, "k")
    assert found != over_seeds(values, "another")


def test_every_comparison_has_one_around_its_mean(tmp_path):
    rng = np.random.default_rng(4)
    ahead = rng.normal(0.03, 0.02, 8)
    records = [
        record
        for seed in range(8)
        for name, area in (("random", 0.5), ("a", 0.5 + ahead[seed]))
        for record in run(name, seed, [area, area])
    ]
    (compared,) = analyse(plant(tmp_path, records)).compared
    first, second = compared.rows
    assert np.isnan(first.drawn.low)
    expected = over_seeds(ahead, "t", "concat", "a")
    assert (second.drawn.low, second.drawn.high) == pytest.approx((expected.low, expected.high))
    assert second.drawn.low < second.to_reference.mean < second.drawn.high


def test_too_few_or_equal_values():
    assert np.isnan(over_seeds([0.1], "k").low)
    assert np.isnan(over_seeds([0.1, np.nan], "k").low)
    assert over_seeds([0.5, 0.5, 0.5], "k").high == 0.5
    assert np.isnan(over_tasks([[0.1, 0.2]], "k").low)
    assert np.isnan(over_tasks([], "k").low)


def test_two_levels_have_the_variance_of_both():
    """Of n tasks with k seeds: variance between over n, plus within over n k."""
    rng = np.random.default_rng(1)
    tasks = [rng.normal(centre, 0.2, 5) for centre in rng.normal(0, 0.05, 40)]
    means = np.array([task.mean() for task in tasks])
    within = np.mean([task.var() / 5 for task in tasks])
    expected = np.sqrt((means.var() + within) / 40) * 2 * 1.96
    found = over_tasks(tasks, "k")
    assert found.high - found.low == pytest.approx(expected, rel=0.06)
    one_level = over_seeds(means, "k")
    assert one_level.high - one_level.low < found.high - found.low


def test_seeds_alike_leave_the_tasks():
    tasks = [[value] * 4 for value in np.random.default_rng(2).normal(0, 1, 30)]
    found, alone = over_tasks(tasks, "k"), over_seeds([task[0] for task in tasks], "k")
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.06)


def test_at_five_seeds_it_is_wrong_more_often_than_promised():
    """Why nothing is decided by it: 5 % were promised."""
    rng = np.random.default_rng(3)
    missed = 0
    for i in range(300):
        found = over_seeds(rng.normal(0, 1, 5), i)
        missed += found.low > 0 or found.high < 0
    assert missed / 300 > 0.09
