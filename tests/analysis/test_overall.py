"""Strategies against random over tasks: t, sign flips and bootstrap, on planted differences."""

from itertools import product

import numpy as np
import pytest
from analysis.planted_results import card, plant, run
from scipy import stats

from mindgap.analysis import analyse
from mindgap.analysis.overall import sign_flip


def planted(folder, ahead, *, null=None, seeds=4):
    """Tasks in which strategy a is ahead by so much, give or take."""
    rng = np.random.default_rng(0)
    records = []
    for i, by in enumerate([*ahead, *([null] if null else [])]):
        for seed in range(seeds):
            own = float(rng.normal(by, 0.002))
            records += run("random", seed, [0.5, 0.5], f"t{i}")
            records += run("a", seed, [0.5 + own, 0.5 + own], f"t{i}")
    cards = [card(f"t{i}") for i in range(len(ahead))]
    if null:
        cards.append(card(f"t{len(ahead)}", group="null"))
    return analyse(plant(folder, records, cards=cards)).overall


def test_a_task_is_one_block_and_nulls_are_none(tmp_path):
    ahead = [0.02, 0.04, 0.03, 0.05, 0.01]
    (found,) = planted(tmp_path, ahead, null=0.9)
    assert (found.strategy, found.learner) == ("a", "concat")
    assert found.tasks == ("t0", "t1", "t2", "t3", "t4")
    assert found.difference.mean == pytest.approx(0.03, abs=2e-3)
    assert found.difference.n == 5
    assert found.difference.p == pytest.approx(stats.ttest_1samp(ahead, 0).pvalue, rel=0.5)
    assert found.p_holm == found.difference.p  # one strategy
    assert found.p_sign_flip == 2 / 2**5
    for drawn in (found.drawn, found.drawn_tasks):
        assert 0.01 < drawn.low < found.difference.mean < drawn.high < 0.05


def test_sign_flips_are_all_tried():
    values = np.random.default_rng(1).normal(0.5, 1, 9)
    flipped = [abs(np.mean(values * signs)) for signs in product((1, -1), repeat=9)]
    expected = np.mean(np.array(flipped) >= abs(values.mean()) - 1e-12)
    assert sign_flip(values, "k") == pytest.approx(expected)
    assert np.isnan(sign_flip(values[:1], "k"))
    many = np.random.default_rng(2).normal(0, 1, 30)
    assert sign_flip(many, "k") == pytest.approx(stats.ttest_1samp(many, 0).pvalue, abs=0.03)
