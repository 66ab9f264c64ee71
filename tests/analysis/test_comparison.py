"""Strategies against random, from a planted store."""

import numpy as np
import pytest
from analysis.planted_results import plant, run
from scipy import stats

from mindgap.analysis import analyse, aubc, holm

LABELS = [50, 100, 150]


def planted(tmp_path, effects, seeds=range(6), seed=0, **more):
    """Curves that share a seed's level, plus an effect and noise of their own."""
    rng = np.random.default_rng(seed)
    level = {s: rng.normal(0.7, 0.05) for s in seeds}
    curves = {
        (name, s): level[s] + effect + rng.normal(0, 0.004, 3)
        for name, effect in effects.items()
        for s in seeds
    }
    records = [r for (name, s), curve in curves.items() for r in run(name, s, curve, **more)]
    return plant(tmp_path, records), curves


@pytest.mark.parametrize("seed", range(3))
def test_differences_are_paired_by_seed(tmp_path, seed):
    results, curves = planted(tmp_path, {"random": 0, "better": 0.02, "same": 0}, seed=seed)
    (compared,) = analyse(results).compared
    rows = {row.strategy: row for row in compared.rows}
    areas = {name: np.array([aubc(LABELS, curves[name, s]) for s in range(6)]) for name in rows}
    tests = {name: stats.ttest_rel(areas[name], areas["random"]) for name in ("better", "same")}
    adjusted = dict(zip(tests, holm([t.pvalue for t in tests.values()]), strict=True))
    for name, test in tests.items():
        found, interval = rows[name].to_reference, test.confidence_interval()
        assert found.mean == pytest.approx((areas[name] - areas["random"]).mean())
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        assert found.p == pytest.approx(test.pvalue)
        assert rows[name].p_holm == pytest.approx(adjusted[name])
    assert rows["random"].to_reference is None
    assert np.isnan(rows["random"].p_holm)
    assert rows["better"].verdict == 1
    assert rows["better"].final.value == pytest.approx(
        np.mean([curves["better", s][-1] for s in range(6)])
    )
    # the seeds' own spread, not the paired one
    assert rows["better"].aubc.high - rows["better"].aubc.low > 4 * (
        rows["better"].to_reference.high - rows["better"].to_reference.low
    )


def test_worse_is_worse(tmp_path):
    results, _ = planted(tmp_path, {"random": 0, "worse": -0.02})
    assert analyse(results).compared[0].rows[1].verdict == -1


def test_numbers_rest_on_the_shared_seeds_alone(tmp_path):
    records = [
        r
        for name, seed, level in [
            ("random", 0, 0.5),
            ("random", 1, 0.6),
            ("random", 2, 0.9),
            ("a", 0, 0.55),
            ("a", 1, 0.66),
            ("a", 5, 0.1),
        ]
        for r in run(name, seed, [level] * 3)
    ]
    rows = analyse(plant(tmp_path, records)).compared[0].rows
    random, a = rows
    assert (random.aubc.n, a.aubc.n, a.to_reference.n) == (3, 2, 2)
    assert a.aubc.value == pytest.approx(0.605)
    assert a.to_reference.mean == pytest.approx(0.055)
    assert a.final.value == pytest.approx(0.605)


def test_a_measured_nan_takes_its_seed_out(tmp_path):
    _, curves = planted(tmp_path / "whole", {"random": 0, "a": 0.01})
    records = [
        r
        for (name, s), curve in curves.items()
        for r in run(name, s, [*curve[:1], np.nan, curve[2]] if (name, s) == ("a", 3) else curve)
    ]
    row = analyse(plant(tmp_path / "gap", records)).compared[0].rows[1]
    kept = [s for s in range(6) if s != 3]
    expected = stats.ttest_rel(
        *([aubc(LABELS, curves[name, s]) for s in kept] for name in ("a", "random"))
    )
    assert row.to_reference.n == row.aubc.n == 5
    assert row.to_reference.p == pytest.approx(expected.pvalue)
    assert row.final.n == 6


def test_one_seed_has_differences_without_intervals(tmp_path):
    results, _ = planted(tmp_path, {"random": 0, "a": 0.02}, seeds=[4])
    row = analyse(results).compared[0].rows[1]
    assert row.to_reference.n == 1
    assert np.isfinite(row.to_reference.mean)
    assert np.isnan([row.to_reference.low, row.to_reference.p, row.p_holm]).all()
    assert row.verdict == 0


def test_without_random_there_are_no_differences(tmp_path):
    results, _ = planted(tmp_path, {"a": 0, "b": 0.02})
    rows = analyse(results).compared[0].rows
    assert [row.to_reference for row in rows] == [None, None]
    assert all(np.isfinite(row.aubc.value) for row in rows)


def test_one_measurement_is_compared_as_it_is(tmp_path):
    records = [r for s in range(3) for n in ("random", "a") for r in run(n, s, [0.5 + s / 10])]
    row = analyse(plant(tmp_path, records)).compared[0].rows[1]
    assert row.aubc.value == pytest.approx(0.6)
    assert (row.to_reference.mean, row.to_reference.p) == (0, 1)


def test_each_task_and_learner_has_its_own_correction(tmp_path):
    rng = np.random.default_rng(1)
    records = [
        r
        for task in ("t", "u")
        for learner in ("concat", "late")
        for name in ("random", "a", "b")
        for s in range(5)
        for r in run(name, s, rng.normal(0.7, 0.01, 3), task=task, learner=learner)
    ]
    compared = analyse(plant(tmp_path, records)).compared
    assert [(c.cell.task, c.cell.learner) for c in compared] == [
        ("t", "concat"),
        ("t", "late"),
        ("u", "concat"),
        ("u", "late"),
    ]
    for c in compared:
        _, a, b = c.rows
        assert [a.p_holm, b.p_holm] == pytest.approx(holm([a.to_reference.p, b.to_reference.p]))


def test_no_test_set_means_no_numbers(tmp_path):
    records = run("random", 0, [0.5, 0.6]) + run("a", 0, [0.5, 0.6])
    for record in records:
        record["metrics"] = []
    rows = analyse(plant(tmp_path, records)).compared[0].rows
    assert [(row.aubc.n, row.final.n) for row in rows] == [(0, 0), (0, 0)]
    assert rows[1].to_reference.n == 0
