"""Accuracy at budgets, by hand and beside scipy."""

import numpy as np
import pytest
from analysis.planted_results import plant, run
from scipy import stats

from mindgap.analysis import analyse
from mindgap.analysis.budgets import ahead, rounds_tested
from mindgap.analysis.paired import holm


def test_few_budgets_are_tested():
    assert rounds_tested(10) == [1, 5, 9]
    assert rounds_tested(3) == [1, 2]
    assert rounds_tested(2) == [1]
    assert rounds_tested(1) == []


def test_accuracy_and_difference(tmp_path):
    rng = np.random.default_rng(0)
    curves = {name: rng.normal(0.6, 0.05, (6, 5)) for name in ("random", "a", "b")}
    records = [r for n, c in curves.items() for s in range(6) for r in run(n, s, c[s].tolist())]
    (compared,) = analyse(plant(tmp_path, records)).compared
    assert [each.labels for each in compared.budgets] == [50, 100, 150, 200, 250]
    p = []
    for i, each in enumerate(compared.budgets):
        low, high = stats.t.interval(
            0.95, 5, curves["a"][:, i].mean(), stats.sem(curves["a"][:, i])
        )
        found = each.accuracy["a"]
        assert (found.value, found.low, found.high) == pytest.approx(
            (curves["a"][:, i].mean(), low, high)
        )
        if i in (1, 2, 4):
            for name in ("a", "b"):
                expected = stats.ttest_rel(curves[name][:, i], curves["random"][:, i])
                assert each.to_reference[name].p == pytest.approx(expected.pvalue)
                p.append(expected.pvalue)
            assert ahead(each, "a") is each.to_reference["a"]
        else:
            assert each.to_reference == {}
            assert ahead(each, "a") is None
        assert ahead(each, "random") is None
    adjusted = [each.p_holm[n] for each in compared.budgets for n in ("a", "b") if each.p_holm]
    assert adjusted == pytest.approx(holm(p))  # over strategies and budgets together


def test_without_random_nothing_is_tested(tmp_path):
    records = [r for s in range(3) for r in run("a", s, [0.5, 0.6])]
    (compared,) = analyse(plant(tmp_path, records)).compared
    assert [each.to_reference for each in compared.budgets] == [{}, {}]
    assert compared.budgets[1].accuracy["a"].value == pytest.approx(0.6)
