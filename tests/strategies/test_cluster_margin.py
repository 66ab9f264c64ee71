"""Cluster-Margin against its algorithm written out, with clusters merged one pair at a time."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from mindgap.strategies import cluster_margin
from mindgap.strategies.cluster_margin import ClusterMargin, clusters, turns
from mindgap.strategies.coreset import standardised
from mindgap.strategies.margin import Margin


def merged(points, count):
    """The two clusters with the smallest mean distance become one, until `count` are left."""
    points = points.double().numpy()
    left = [{i} for i in range(len(points))]
    while len(left) > count:
        a, b = min(
            combinations(range(len(left)), 2),
            key=lambda ab: np.mean(
                [np.linalg.norm(points[i] - points[j]) for i in left[ab[0]] for j in left[ab[1]]]
            ),
        )
        left[a] |= left.pop(b)
    return {frozenset(c) for c in left}


@pytest.mark.parametrize("count", [1, 4, 24, 30])
def test_clusters_are_merged_by_mean_distance(count):
    points = torch.randn(24, 3, generator=torch.Generator().manual_seed(count))
    found = clusters(points, count)
    assert {frozenset(np.flatnonzero(found == c)) for c in set(found)} == merged(points, count)


def test_clusters_take_turns_from_the_smallest_on():
    """Sizes 3, 1, 4, 2: one of each by size, then of those with more, from the smallest again."""
    cluster = np.array([0, 0, 0, 1, 2, 2, 2, 2, 3, 3])
    for seed in range(20):
        order = turns(cluster, np.random.default_rng(seed))
        assert sorted(order) == list(range(10))
        assert cluster[order].tolist() == [1, 3, 0, 2, 3, 0, 2, 0, 2, 2]


def test_chance_decides_within_a_cluster_and_between_equal_ones():
    firsts = [turns(np.array([0, 0, 1, 1]), np.random.default_rng(s))[0] for s in range(400)]
    assert chisquare(np.bincount(firsts, minlength=4)).pvalue > 0.001


@pytest.mark.parametrize("n", [1, 6, 30])
def test_chosen_are_of_small_margin_and_as_many_of_each_cluster_as_its_turns(make_pool, n):
    pool = make_pool(seed=n, size=310)
    strategy = ClusterMargin(ratio=4.0, size=3)
    chosen = strategy.select(pool, n, np.random.default_rng(0))
    unsure = Margin().select(pool, 4 * n, np.random.default_rng(1))
    place = {row: i for i, row in enumerate(unsure.rows.tolist())}
    found = clusters(standardised(pool)[unsure.rows], -(-4 * n // 3))
    sizes = np.bincount(found)
    taken = np.bincount(found[[place[row] for row in chosen.rows.tolist()]], minlength=len(sizes))
    rounds = next(r for r in range(1, n + 1) if np.minimum(sizes, r).sum() >= n)
    assert (taken >= np.minimum(sizes, rounds - 1)).all()
    assert (taken <= np.minimum(sizes, rounds)).all()
    extra, without = sizes[(taken == rounds)], sizes[(sizes >= rounds) & (taken < rounds)]
    assert not len(without) or extra.max() <= without.min()
    margins = dict(zip(unsure.rows.tolist(), unsure.scores.tolist(), strict=True))
    assert chosen.scores.tolist() == [margins[row] for row in chosen.rows.tolist()]


def test_as_large_a_batch_as_can_be_clustered_is_that_of_margin(make_pool, monkeypatch):
    pool = make_pool(seed=0, size=110)
    asked = []

    def noted(points, count):
        asked.append(len(points))
        return clusters(points, count)

    monkeypatch.setattr(cluster_margin, "clusters", noted)
    monkeypatch.setattr(cluster_margin, "MOST", 40)
    for n in (3, 8, 40, 60, 100):
        chosen = ClusterMargin().select(pool, n, np.random.default_rng(0))
        if n >= 40:
            unsure = Margin().select(pool, n, np.random.default_rng(0))
            assert chosen.rows.tolist() == unsure.rows.tolist()
    assert asked == [30, 40]
