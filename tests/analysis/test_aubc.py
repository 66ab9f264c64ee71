"""Curves as stored, and the area under them."""

import numpy as np
import pytest
from analysis.planted_results import plant, run

from mindgap.analysis import aubc, measured


def test_by_hand():
    # trapezoids 50 x 0.6 and 100 x 0.75 over a budget of 150
    assert aubc([50, 100, 200], [0.5, 0.7, 0.8]) == pytest.approx((30 + 75) / 150)


@pytest.mark.parametrize("seed", range(5))
def test_numpy_agrees_on_the_scaled_budget(seed):
    rng = np.random.default_rng(seed)
    labels = np.cumsum(rng.integers(1, 90, size=9))
    values = rng.random(9)
    scaled = (labels - labels[0]) / (labels[-1] - labels[0])
    assert aubc(labels, values) == pytest.approx(np.trapezoid(values, scaled))


@pytest.mark.parametrize("seed", range(3))
def test_is_the_mean_height_whatever_the_unit_of_the_budget(seed):
    rng = np.random.default_rng(seed)
    labels, values = np.cumsum(rng.integers(1, 90, size=6)), rng.random(6)
    assert aubc(labels, np.full(6, 0.8)) == pytest.approx(0.8)
    assert aubc(7 * labels + 3, values) == pytest.approx(aubc(labels, values))
    assert aubc(labels, values + 0.1) == pytest.approx(aubc(labels, values) + 0.1)


def test_one_measurement_is_its_own_area():
    assert aubc([50], [0.7]) == 0.7


def test_a_gap_leaves_no_area():
    assert np.isnan(aubc([50, 100, 150], [0.5, np.nan, 0.7]))


def test_curves_are_read_as_they_were_measured(tmp_path):
    kappa = {("kappa", "R1"): [0.1, float("nan"), 0.3]}
    records = run("random", 0, [0.5, 0.6, 0.7], metrics=kappa) + run("a", 0, [0.5, 0.8])
    found = measured(plant(tmp_path, reversed(records)))
    assert [(r.strategy, r.labels) for r in found.runs] == [
        ("a", (50, 100)),
        ("random", (50, 100, 150)),
    ]
    random = found.runs[1].id
    assert found.curve("accuracy", "natural", random, 3).tolist() == [0.5, 0.6, 0.7]
    assert found.curve("accuracy", "natural", random, 2).tolist() == [0.5, 0.6]
    np.testing.assert_array_equal(found.curve("kappa", "R1", random, 3), [0.1, np.nan, 0.3])
    assert np.isnan(found.curve("kappa", "R1", found.runs[0].id, 2)).all()


def test_a_metric_that_some_rounds_lack_keeps_its_rounds(tmp_path):
    records = run("random", 0, [0.5, 0.6, 0.7], metrics={("nll", "natural"): [3, 2, 1]})
    del records[1]["metrics"][1]
    found = measured(plant(tmp_path, records))
    curve = found.curve("nll", "natural", found.runs[0].id, 3)
    np.testing.assert_array_equal(curve, [3, np.nan, 1])
