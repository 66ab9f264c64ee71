"""Labels that reach random's final accuracy, by hand, and what becomes of those that never do."""

import numpy as np
import pytest
from analysis.planted_results import plant, run
from scipy import stats

from mindgap.analysis import analyse
from mindgap.analysis.savings import first_crossing, median_interval

INF = np.inf


def found(folder, curves, seeds=None):
    """strategy -> its `Saving`; of each strategy a curve, or one a seed."""
    records = []
    for name, each in curves.items():
        of_seeds = each if isinstance(each[0], list) else [each] * (seeds or 1)
        for seed, curve in enumerate(of_seeds):
            records += run(name, seed, curve)
    (compared,) = analyse(plant(folder, records)).compared
    return {one.strategy: one for one in compared.savings}


def test_first_crossing():
    assert first_crossing([50, 100, 150], [0.2, 0.4, 0.5], 0.3) == 75
    assert first_crossing([50, 100, 150], [0.2, 0.4, 0.5], 0.5) == 150
    assert first_crossing([50, 100, 150], [0.4, 0.2, 0.5], 0.3) == 50
    assert first_crossing([50, 100, 150], [0.2, 0.5, 0.4], 0.4) == pytest.approx(50 + 100 / 3)
    assert first_crossing([50, 100, 150], [0.2, 0.4, 0.5], 0.51) == INF
    assert first_crossing([50, 150], [0.2, 0.4], 0.25) == 75  # by labels, not by rounds


def test_a_strategy_that_gets_there_early(tmp_path):
    saving = found(tmp_path, {"random": [0.4, 0.5, 0.6], "a": [0.4, 0.8, 0.8]}, 3)
    assert saving["a"].curve == pytest.approx(75)  # 0.6 is half way from 0.4 to 0.8
    assert saving["a"].saved == pytest.approx(75)
    assert saving["a"].needed == pytest.approx({0: 75, 1: 75, 2: 75})
    assert (saving["a"].median, saving["a"].saved_median) == pytest.approx((75, 75))
    assert saving["a"].reached == 3
    assert np.isnan(saving["a"].low)  # three seeds have no such interval
    assert (saving["a"].level, saving["a"].last) == (pytest.approx(0.6), 150)
    assert (saving["random"].curve, saving["random"].saved) == (150, 0)


def test_what_never_gets_there_is_censored_and_counts(tmp_path):
    """Of four seeds two need 75 labels and two more than there are: nobody knows the median."""
    never, early = [0.4, 0.45, 0.5], [0.4, 0.8, 0.8]
    saving = found(tmp_path, {"random": [[0.4, 0.5, 0.6]] * 4, "a": [early, never, early, never]})[
        "a"
    ]
    assert (saving.reached, saving.n) == (2, 4)
    assert saving.needed == {0: 75, 1: INF, 2: 75, 3: INF}
    assert (saving.median, saving.saved_median) == (INF, -INF)
    assert saving.curve == pytest.approx(50 + 50 * 0.2 / 0.225)  # the mean curve does


def test_nobody_gets_there(tmp_path):
    saving = found(tmp_path, {"random": [0.4, 0.6], "a": [0.4, 0.5]}, 8)["a"]
    assert (saving.curve, saving.saved, saving.reached, saving.median) == (INF, -INF, 0, INF)
    assert (saving.low, saving.high, saving.saved_high) == (INF, INF, -INF)


def test_where_curves_are_flat_nothing_is_saved(tmp_path):
    """Counted from random's last label, all of them would be."""
    saving = found(tmp_path, {"random": [0.6, 0.6, 0.6], "a": [0.6, 0.6, 0.6]}, 2)["a"]
    assert (saving.curve, saving.saved, saving.saved_median) == (50, 0, 0)


def test_without_random_there_is_nothing_to_save(tmp_path):
    assert found(tmp_path, {"a": [0.4, 0.6]}, 2) == {}


def test_the_interval_of_a_median_holds_it_as_often_as_promised():
    """Also when a third of the values are censored."""
    rng = np.random.default_rng(0)
    held = {False: 0, True: 0}
    for _ in range(1000):
        values = rng.exponential(1, 10)
        for censored in held:
            kept = np.where(values > 1.1, INF, values) if censored else values
            _, low, high = median_interval(kept)
            held[censored] += low <= np.log(2) <= high
    assert min(held.values()) > 950, held
    assert held[True] == held[False]  # nothing is lost by what isn't known
    # the textbook's: order statistics 2 and 9 of 10
    assert median_interval(range(1, 11)) == (5.5, 2, 9)
    assert 1 - 2 * stats.binom.cdf(1, 10, 0.5) == pytest.approx(0.979, abs=1e-3)
    assert np.isnan(median_interval([1, 2, 3, 4, 5])[1])
    assert median_interval([1, 2, 3, 4, 5, 6]) == (3.5, 1, 6)


def test_another_random_saves_nothing_on_average(tmp_path):
    """A/A: both read as first crossings, so that noise favours neither by much."""
    rng = np.random.default_rng(1)
    shape = np.array([0.5, 0.6, 0.66, 0.7, 0.72])
    curves = {
        name: [(shape + rng.normal(0, 0.01, 5)).tolist() for _ in range(60)]
        for name in ("random", "again")
    }
    saving = found(tmp_path, curves)["again"]
    assert saving.saved_low <= 0 <= saving.saved_high
    assert 0.3 < saving.reached / saving.n < 0.95
