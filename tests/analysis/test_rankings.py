"""Rankings over tasks, beside hand-made cases and scipy."""

import numpy as np
import pytest
from scipy import stats

from mindgap.analysis.rankings import ranking, signed_ranks

NAMES = ("a", "b", "c")


def clear(tasks=4, seeds=6):
    """a before b before c, everywhere and in every seed."""
    rng = np.random.default_rng(0)
    base = rng.normal(0.7, 0.02, (tasks, 1, seeds))
    return list(base + np.array([0.2, 0.1, 0.0])[:, None] + rng.normal(0, 1e-3, (tasks, 3, seeds)))


def test_a_clear_order():
    found = ranking(NAMES, clear())
    assert found.ranks.tolist() == [1, 2, 3]
    assert found.beats.tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert found.improves.tolist() == [[0.5, 1, 1], [0, 0.5, 1], [0, 0, 0.5]]
    assert found.friedman == pytest.approx(stats.chi2.sf(8, 2))
    # Demsar 2006: q = 2.343 for three, sqrt(3 * 4 / (6 * 4))
    assert found.critical == pytest.approx(2.343 * 0.5**0.5, abs=2e-3)
    assert found.iqm.argsort().tolist() == [2, 1, 0]


def test_the_middle_half_is_averaged():
    found = ranking(("a",), [np.array([[0.0, 1.0, 2.0, 100.0]])])
    assert found.iqm[0] == 1.5


def test_chance_is_told_from_order():
    rng = np.random.default_rng(1)
    beats = np.array([ranking(NAMES, [rng.normal(0, 1, (3, 8))]).beats for _ in range(300)])
    off = ~np.eye(3, dtype=bool)
    assert beats[:, off].mean() == pytest.approx(0.025, abs=0.012)


def test_ties_share_a_rank_and_half_a_chance():
    found = ranking(("a", "b"), [np.ones((2, 3))])
    assert found.ranks.tolist() == [1.5, 1.5]
    assert found.improves.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert found.beats.sum() == 0


@pytest.mark.parametrize(("strategies", "fewest"), [(4, 8), (6, 10), (8, 11)])
def test_too_few_tasks_can_never_be_significant(strategies, fewest):
    """The smallest p there is: all signs alike."""
    for blocks in (fewest - 1, fewest):
        best = {str(i): [float(-i)] * blocks for i in range(strategies)}
        for i in range(strategies):
            best[str(i)] = (np.arange(blocks) * 1e-3 * (i + 1) - i).tolist()
        smallest = min(signed_ranks(best).values())
        names = tuple(best)
        told = ranking(names, [np.array([[best[n][b]] for n in names]) for b in range(blocks)])
        assert told.enough == (smallest < 0.05) == (blocks == fewest)


def test_signed_ranks_are_scipys():
    rng = np.random.default_rng(2)
    values = {name: rng.normal(i, 1, 12).tolist() for i, name in enumerate("ab")}
    expected = stats.wilcoxon(np.subtract(values["a"], values["b"])).pvalue
    assert signed_ranks(values) == {("a", "b"): pytest.approx(expected)}
    assert signed_ranks({"a": [1.0, 2.0], "b": [1.0, 2.0]}) == {("a", "b"): 1.0}
