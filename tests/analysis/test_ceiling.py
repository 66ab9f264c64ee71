"""Normalised gain: by hand, beside a t test turned round, and where it isn't to be had."""

import numpy as np
import pytest
from analysis.planted_results import card, plant, run
from scipy import optimize, stats

from mindgap.analysis import analyse
from mindgap.analysis.ceiling import ratio


def read(folder, curves, tasks=("t",), pool=5000, labels=None):
    """Results with a curve a seed for each strategy."""
    folder.mkdir()
    records = [
        record
        for task in tasks
        for name, of_seeds in curves.items()
        for seed, curve in enumerate(of_seeds)
        for record in run(name, seed, curve, task, **({"labels": labels} if labels else {}))
    ]
    return plant(folder, records, cards=[card(task, pool=pool) for task in tasks])


def ceiling(tmp_path, some, top, **more):
    results = read(tmp_path / "some", some)
    full = read(tmp_path / "full", top, labels=[more.pop("trained", 5000)], **more)
    (compared,) = analyse(results, full).compared
    return compared.ceiling


SOME = {
    "random": [[0.5, 0.5], [0.6, 0.6], [0.7, 0.7], [0.6, 0.6]],
    "a": [[0.6, 0.6], [0.7, 0.7], [0.8, 0.8], [0.7, 0.7]],
}


def test_half_of_the_way(tmp_path):
    found = ceiling(tmp_path, SOME, {"random": [[0.7], [0.81], [0.89], [0.8]]})
    assert found.why == ""
    assert found.full.value == pytest.approx(0.8)
    assert found.gap.mean == pytest.approx(0.2)
    gain = found.gains["a"]
    assert (gain.value, gain.n) == (pytest.approx(0.5), 4)
    assert gain.low < 0.5 < gain.high
    assert set(found.gains) == {"a"}


def test_fiellers_interval_is_the_t_test_turned_round():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0.03, 0.02, 8), rng.normal(0.1, 0.02, 8)
    found = ratio(x, y)
    assert found.value == pytest.approx(x.mean() / y.mean())

    def edge(r):
        return stats.ttest_1samp(x - r * y, 0).pvalue - 0.05

    assert found.low == pytest.approx(optimize.brentq(edge, -2, found.value))
    assert found.high == pytest.approx(optimize.brentq(edge, found.value, 2))


def test_fiellers_interval_holds_the_ratio_as_often_as_promised():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        y = rng.normal(0.1, 0.05, 6)
        found = ratio(0.3 * y + rng.normal(0, 0.03, 6), y)
        held += not found.low > 0.3 and not found.high < 0.3
    assert 930 <= held <= 970, held


def test_no_interval_where_the_denominator_may_be_nothing():
    found = ratio([0.1, 0.2, 0.1], [0.1, -0.1, 0.05])
    assert np.isfinite(found.value)
    assert np.isnan(found.low)
    assert ratio([np.nan, 0.1], [0.2, 0.2]).n == 1


@pytest.mark.parametrize(
    ("top", "more", "why"),
    [
        ([[0.55], [0.6], [0.7], [0.55]], {}, "not clearly better than random"),
        ([[0.8], [0.8]], {}, "2 seeds are shared; 3 are needed"),
        ([[0.8], [0.8], [0.9], [0.9]], {"trained": 4000}, "learned from 4000 of 5000"),
        ([[0.8], [0.8], [0.9], [0.9]], {"tasks": ("u",)}, "not trained on the full pool"),
    ],
)
def test_where_there_is_no_gain_it_is_said_why(tmp_path, top, more, why):
    found = ceiling(tmp_path, SOME, {"random": top}, **more)
    assert why in found.why
    assert found.gains == {}


def test_bayes_is_not_the_full_pool(tmp_path):
    """A card with a Bayes accuracy doesn't make a ceiling."""
    (compared,) = analyse(read(tmp_path / "some", SOME)).compared
    assert compared.cell.card["truth"]["bayes_natural"] == 0.9
    assert compared.ceiling is None
