"""k-means against scikit-learn: as small a sum of squares, and nothing strange at the edges."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from mindgap.strategies import clustering


def blobs(seed, size, width, centres, spread):
    """Points around centres, some groups much larger and some points much farther than others."""
    rng = np.random.default_rng(seed)
    middle = rng.standard_normal((centres, width))
    group = (rng.random(size) ** 2 * centres).astype(int)
    reach = spread * rng.gamma(2, 0.5, size=(size, 1))
    points = middle[group] + reach * rng.standard_normal((size, width))
    return torch.from_numpy(points.astype(np.float32)), group


def sum_of_squares(points, cluster):
    """To the means of the clusters, in float64."""
    points, cluster = points.double().numpy(), cluster.numpy()
    return sum(
        ((points[cluster == c] - points[cluster == c].mean(axis=0)) ** 2).sum()
        for c in np.unique(cluster)
    )


@pytest.mark.parametrize("k", [2, 10, 60, 300])
@pytest.mark.parametrize("seed", range(3))
def test_the_sum_of_squares_is_that_of_scikit_learn(seed, k):
    """On average over starts: one may end better than another in either program."""
    points, _ = blobs(seed, size=1500, width=12, centres=30, spread=0.4)
    exact, starts = points.double().numpy(), range(6)
    theirs = [KMeans(k, n_init=1, random_state=i).fit(exact).inertia_ for i in starts]
    ours = [
        sum_of_squares(points, clustering.clusters(points, k, np.random.default_rng(i)))
        for i in starts
    ]
    assert np.mean(ours) < np.mean(theirs) * (1.01 if k > 10 else 1.03)
    assert min(ours) < min(theirs) * 1.02


@pytest.mark.parametrize("seed", range(5))
def test_separate_groups_are_found(seed):
    points, group = blobs(seed, size=600, width=8, centres=12, spread=0.01)
    found = clustering.clusters(points, 12, np.random.default_rng(seed))
    assert adjusted_rand_score(group, found) == 1


@pytest.mark.parametrize("size", [clustering.CHUNK - 1, clustering.CHUNK, clustering.CHUNK + 1])
def test_everyone_is_in_the_cluster_with_the_nearest_mean(size):
    points, _ = blobs(0, size=size, width=4, centres=5, spread=0.3)
    cluster = clustering.clusters(points, 7, np.random.default_rng(0))
    means = torch.stack([points[cluster == c].mean(dim=0) for c in range(7)])
    # the last step moves the means a little once more
    assert (torch.cdist(points, means).argmin(dim=1) == cluster).float().mean() > 0.97


def test_seeds_are_drawn_by_distance():
    """Two far points of a thousand: both are seeds among three, whatever is drawn."""
    points = torch.zeros(1000, 2)
    points[[17, 803]] = torch.tensor([[1e3, 0.0], [0.0, 1e3]])
    for seed in range(20):
        found = clustering.seeds(points, 3, np.random.default_rng(seed))
        assert {17, 803} <= set(found.tolist())


def test_of_the_points_drawn_the_one_that_lowers_the_sum_most_is_a_seed():
    """A far group of a hundred lowers it more than a lone point that is somewhat farther."""
    points = torch.zeros(201, 1)
    points[100:200], points[200] = 10.0, 30.0
    first_is_near = [
        found
        for found in (clustering.seeds(points, 2, np.random.default_rng(s)) for s in range(300))
        if points[found[0]] == 0
    ]
    lone = sum(int(points[found[1]] == 30) for found in first_is_near)
    # each of the 2 points drawn is the lone one with probability 900 / 10900
    assert lone / len(first_is_near) < 0.03 < 900 / 10900


@pytest.mark.parametrize("k", [1, 5, 40, 41, 500])
def test_any_number_of_clusters(k):
    points, _ = blobs(1, size=40, width=3, centres=4, spread=0.5)
    cluster = clustering.clusters(points, k, np.random.default_rng(1))
    assert cluster.shape == (40,)
    assert len(cluster.unique()) == min(k, 40)
    assert cluster.max() < k


def test_points_that_coincide():
    points = torch.tensor([[1.0, 2.0], [5.0, 5.0]]).repeat(30, 1)
    cluster = clustering.clusters(points, 9, np.random.default_rng(2))
    assert len(cluster[0::2].unique()) == len(cluster[1::2].unique()) == 1
    assert cluster[0] != cluster[1]


def test_the_generator_alone_decides():
    points, _ = blobs(3, size=500, width=6, centres=9, spread=0.5)
    state = torch.get_rng_state()
    first, again, other = (
        clustering.clusters(points, 40, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.equal(again)
    assert not first.equal(other)
    assert torch.get_rng_state().equal(state)
