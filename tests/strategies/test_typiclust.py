"""TypiClust against scikit-activeml with the same clusters, and against its definition."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import chisquare
from skactiveml.pool import TypiClust

from mindgap.strategies import clustering
from mindgap.strategies.coreset import standardised
from mindgap.strategies.typiclust import CHUNK, Typiclust, typicality


class Given:
    """A clusterer that returns what it was given."""

    def __init__(self, cluster, n_clusters):
        self.cluster = cluster

    def fit_predict(self, points):
        return self.cluster


def sized(pool, sizes, seed):
    """A cluster for every sample: labelled ones in the last, the others in clusters of `sizes`."""
    cluster = np.full(len(pool.observed), len(sizes))
    rows = np.random.default_rng(seed).permutation(pool.candidates.numpy())
    assert sum(sizes) <= len(rows)
    for c, part in enumerate(np.split(rows, np.cumsum(sizes))[:-1]):
        cluster[part] = c
    return cluster


@pytest.mark.parametrize("modalities", [1, 3])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_scikit_activeml(make_pool, seed, gaps, modalities):
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities, size=310, labelled=10)
    sizes = [23, 40, 11, 37, 29, 51, 17, 44]
    cluster = sized(pool, sizes, seed)
    labels = np.full(310, np.nan)
    labels[pool.labelled.numpy()] = pool.labels.numpy()
    points = standardised(pool)
    theirs, utilities = TypiClust(
        random_state=seed, cluster_algo=Given, cluster_algo_dict={"cluster": cluster}, k=5
    ).query(points.double().numpy(), labels, batch_size=8, return_utilities=True)
    chosen = Typiclust(neighbours=5).choose(
        points, torch.from_numpy(cluster), pool, 8, np.random.default_rng(seed)
    )
    assert chosen.rows.tolist() == theirs.tolist()
    assert chosen.scores.numpy() == pytest.approx(np.nanmax(utilities, axis=1), rel=1e-4)


def by_definition(points, cluster, pool, n, neighbours, smallest):
    """Cluster after cluster, few labels first, then large ones; the densest of each; no ties."""
    labelled, free = (
        set(pool.labelled.tolist()),
        set(range(len(points))) - set(pool.labelled.tolist()),
    )
    open_ = set(pool.candidates.tolist())
    ids = [int(c) for c in np.unique(cluster)]
    everyone = {c: set(np.flatnonzero(cluster == c).tolist()) for c in ids}
    ids.sort(key=lambda c: (len(everyone[c] & labelled), -len(everyone[c])))
    large = [c for c in ids if len(everyone[c]) > smallest]
    chosen = []
    for group in (large, [c for c in ids if c not in large]):
        while any(everyone[c] & open_ for c in group):
            for c in group:
                if not everyone[c] & open_:
                    continue
                members = sorted(everyone[c] & free)
                apart = np.sort(cdist(points[members], points[members]), axis=1)
                count = min(neighbours, max(1, len(members) // 2))
                mean = apart[:, 1 : count + 1].mean(axis=1) if len(members) > 1 else [0.0]
                best = min((m, row) for m, row in zip(mean, members, strict=True) if row in open_)
                chosen.append(best[1])
                free.remove(best[1])
                open_.remove(best[1])
                if len(chosen) == n:
                    return chosen
    return chosen


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("n", [3, 12, 60])
@pytest.mark.parametrize("seed", range(4))
def test_as_defined_over_several_rounds_of_the_clusters(make_pool, seed, n, half):
    pool = make_pool(seed=seed, size=140, labelled=20)
    if half:
        pool = replace(pool, candidates=pool.candidates[::2])
    cluster = np.random.default_rng(seed).choice(
        12, size=140, p=np.array([9, 8, 7, 6, 5, 5, 4, 3, 2, 1, 1, 1]) / 52
    )
    cluster[np.flatnonzero(cluster == 11)[3:]] = 0  # and one of three
    pairs = {
        (int((cluster == c).sum()), int((cluster[pool.labelled.numpy()] == c).sum()))
        for c in range(12)
    }
    strategy = Typiclust(neighbours=6)
    points = standardised(pool)
    chosen = strategy.choose(
        points, torch.from_numpy(cluster), pool, n, np.random.default_rng(seed)
    ).rows.tolist()
    expected = by_definition(points.double().numpy(), cluster, pool, n, 6, strategy.smallest)
    if len(pairs) == 12:  # no two clusters are equal
        # two samples whose only neighbours are each other are equally typical
        assert len(set(chosen) ^ set(expected)) <= (0 if n < 60 else 8)
    counts = [np.bincount(cluster[rows], minlength=12) for rows in (chosen, expected)]
    if len(pairs) == 12:
        assert counts[0].tolist() == counts[1].tolist()


@pytest.mark.parametrize("size", [2, 3, CHUNK - 1, CHUNK, CHUNK + 1])
def test_typicality_is_the_inverse_of_the_mean_distance(size):
    points = torch.randn(size, 5, generator=torch.Generator().manual_seed(size)) + 100
    apart = np.sort(cdist(points.double().numpy(), points.double().numpy()), axis=1)
    count = min(20, max(1, size // 2))
    expected = 1 / (apart[:, 1 : count + 1].mean(axis=1) + 1e-5)
    assert typicality(points, 20).numpy() == pytest.approx(expected, rel=1e-5)


def test_alone_is_not_typical_and_twins_are_finite():
    assert typicality(torch.ones(1, 3), 20).tolist() == [0.0]
    assert typicality(torch.ones(4, 3), 20).tolist() == pytest.approx([1e5] * 4)


def test_there_are_as_many_clusters_as_there_will_be_labels(make_pool, monkeypatch):
    asked = []
    real = clustering.clusters

    def noted(points, k, rng):
        asked.append(k)
        return real(points, k, rng)

    monkeypatch.setattr(clustering, "clusters", noted)
    pool = make_pool(seed=0, size=310, labelled=10)
    for strategy in (Typiclust(), Typiclust(max_clusters=25)):
        for n in (7, 40):
            strategy.select(pool, n, np.random.default_rng(0))
    assert asked == [17, 50, 17, 25]


@pytest.mark.parametrize("seed", range(3))
def test_every_far_group_gets_one(make_pool, serving, seed):
    """Eight groups, two of them labelled: six queries find the six others' middles."""
    pool = make_pool(seed=seed, modalities=1, gaps=0.0, size=408, labelled=8)
    g = torch.Generator().manual_seed(seed)
    group = torch.randint(8, (408,), generator=g)
    group[pool.labelled] = torch.tensor([0, 1] * 4)
    points = 50 * torch.eye(8)[group] + torch.randn(408, 8, generator=g)
    pool = serving(pool, unimodal_embeddings={"image": points})
    strategy = Typiclust(max_clusters=8)
    chosen = strategy.select(pool, 6, np.random.default_rng(seed)).rows
    assert sorted(group[chosen].tolist()) == [2, 3, 4, 5, 6, 7]
    off = (points - 50 * torch.eye(8)[group]).norm(dim=1)
    assert off[chosen].mean() < off.mean() - 0.5


def test_chance_decides_between_clusters_of_one_size(make_pool):
    pool = make_pool(seed=3, size=50, labelled=10)
    cluster = torch.from_numpy(sized(pool, [10, 10, 10, 10], 3))
    firsts = [
        int(
            cluster[
                Typiclust()
                .choose(standardised(pool), cluster, pool, 1, np.random.default_rng(s))
                .rows[0]
            ]
        )
        for s in range(200)
    ]
    assert chisquare(np.bincount(firsts, minlength=4)[:4]).pvalue > 0.001
