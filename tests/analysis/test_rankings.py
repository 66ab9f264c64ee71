"""Rankings over tasks, beside hand-made cases and scipy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mindgap.analysis.rankings import ranking, signed_ranks

NAMES = ("a", "b", "c")


def blocks(rng, strategies, tasks, gap=0.3):
    """A number each, so that it is the mean over seeds; some tasks have ties."""
    values = rng.normal(0, 1, (tasks, strategies)) + gap * np.arange(strategies)
    values[::3, :2] = values[::3, :1]
    return values


def ranked(values):
    names = tuple(f"s{i}" for i in range(values.shape[1]))
    return ranking(names, [task[:, None] for task in values])


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
    beats = ranking(NAMES, [rng.normal(0, 1, (3, 8)) for _ in range(300)]).beats
    off = ~np.eye(3, dtype=bool)
    assert beats[off].mean() == pytest.approx(0.025, abs=0.012)


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


def test_the_nemenyi_quantile_is_the_tables():
    """q at 5 % of Demsar 2006, table 5a: the studentised range divided by the root of two."""
    table = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 10: 3.164}
    for strategies, quantile in table.items():
        found = ranked(blocks(np.random.default_rng(3), strategies, 6))
        error = np.sqrt(strategies * (strategies + 1) / 36)
        assert found.critical / error == pytest.approx(quantile, abs=1e-3)


def test_nemenyi_of_two_is_a_normal_test():
    found = ranked(blocks(np.random.default_rng(4), 2, 20))
    z = abs(found.ranks[0] - found.ranks[1]) / np.sqrt(1 / 20)
    assert found.nemenyi[0, 1] == found.nemenyi[1, 0] == pytest.approx(2 * stats.norm.sf(z))
    assert found.nemenyi[0, 0] == 1


def test_p_and_critical_difference_agree():
    rng = np.random.default_rng(5)
    for _ in range(5):
        found = ranked(blocks(rng, 5, 9))
        apart = np.abs(found.ranks[:, None] - found.ranks[None, :])
        assert ((found.nemenyi < 0.05) == (apart > found.critical)).all()


def test_cliques_are_the_largest_groups_that_cannot_be_told_apart():
    """Of ranks 1, 2, 3 with a critical difference of 1.5: 1 and 2, and 2 and 3."""
    found = replace(
        ranking(("c", "a", "b"), clear()),
        ranks=np.array([3.0, 1.0, 2.0]),
        nemenyi=np.array([[1, 0.01, 0.3], [0.01, 1, 0.3], [0.3, 0.3, 1]]),
    )
    assert found.cliques == [(1, 2), (2, 0)]
    alike = replace(found, nemenyi=np.ones((3, 3)))
    assert alike.cliques == [(1, 2, 0)]
    assert replace(found, nemenyi=np.eye(3)).cliques == []


def test_orientation_of_the_penalty_matrix():
    """a beats b in every task, so b is penalised, not a (Ash et al. 2020)."""
    found = ranking(NAMES, clear())
    a, b, c = range(3)
    assert (found.beats[a, b], found.beats[b, a]) == (1, 0)
    assert found.penalties.tolist() == [0, 0.5, 1]
    assert found.chance("a", "c") == 1
    assert found.chance("c", "a") == 0
    assert found.chance("a", "a") is None
    assert found.beats[c].sum() == 0


def test_iqm_and_improvement_by_hand():
    """Two tasks of two seeds: quarters of four values are cut; 3 and a half of 4 pairs are won."""
    tasks = [np.array([[1.0, 2.0], [0.5, 1.0]]), np.array([[4.0, 8.0], [5.0, 3.0]])]
    found = ranking(("a", "b"), tasks)
    assert found.iqm.tolist() == [3.0, 2.0]
    first = (1 + 0.5 + 1 + 1) / 4  # 1 > .5, 1 = 1, 2 > .5, 2 > 1
    second = (0 + 1 + 1 + 1) / 4  # 4 < 5, 4 > 3, 8 > 5, 8 > 3
    assert found.improves[0, 1] == (first + second) / 2
    assert found.improves[1, 0] == 1 - (first + second) / 2


def test_signed_ranks_have_holms_correction():
    values = blocks(np.random.default_rng(6), 3, 12)
    found = ranked(values).signed
    pairs = [(0, 1), (0, 2), (1, 2)]
    p = [stats.wilcoxon(values[:, i], values[:, j]).pvalue for i, j in pairs]
    order = np.argsort(p)
    expected, largest = [0.0] * 3, 0.0
    for rank, k in enumerate(order):
        largest = max(largest, min(1, (3 - rank) * p[k]))
        expected[k] = largest
    assert list(found.values()) == pytest.approx(expected)


def test_too_few_tasks_are_told_of():
    few = ranked(blocks(np.random.default_rng(7), 4, 5))
    assert few.warning.startswith("5 tasks are too few: with 4 strategies")
    assert few.warning.endswith("below 8")
    assert ranked(blocks(np.random.default_rng(7), 4, 8)).warning == ""


@pytest.mark.slow
def test_scikit_posthocs_says_the_same():
    """Run by hand where it is installed: it needs statsmodels, seaborn and pandas, so it is no
    dependency. 200 cases, with ties."""
    posthocs = pytest.importorskip("scikit_posthocs")
    rng = np.random.default_rng(8)
    for _ in range(200):
        s, n = int(rng.integers(3, 9)), int(rng.integers(3, 20))
        values = blocks(rng, s, n)
        found = ranked(values)
        nemenyi = posthocs.posthoc_nemenyi_friedman(values).to_numpy()
        assert found.nemenyi == pytest.approx(nemenyi, abs=1e-6)
        mean_ranks = stats.rankdata(-values, axis=1).mean(axis=0)
        assert found.ranks == pytest.approx(mean_ranks)
        long = np.array([[i, v] for row in values for i, v in enumerate(row)])
        groups = [long[long[:, 0] == i, 1] for i in range(s)]
        theirs = posthocs.posthoc_wilcoxon(groups, p_adjust="holm").to_numpy()
        mine = [found.signed[f"s{i}", f"s{j}"] for i in range(s) for j in range(i + 1, s)]
        assert mine == pytest.approx(theirs[np.triu_indices(s, 1)], abs=1e-6)
