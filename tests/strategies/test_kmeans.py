"""k-means strategies: one sample nearest each centre, weights as in scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from mindgap.strategies import clustering
from mindgap.strategies.coreset import standardised
from mindgap.strategies.kmeans import Kmeans
from mindgap.strategies.margin import Margin
from mindgap.strategies.weighted_kmeans import WeightedKmeans


def grouped(pool, serving, groups, seed):
    """The pool with `groups` tight, far apart groups of embeddings, and the group of everyone."""
    rng = np.random.default_rng(seed)
    group = rng.integers(groups, size=len(pool.observed))
    where = rng.standard_normal((groups, 6)) * 10
    points = where[group] + 0.1 * rng.standard_normal((len(group), 6))
    embedding = {"image": torch.from_numpy(points.astype(np.float32))}
    return serving(pool, unimodal_embeddings=embedding), group


def nearest_of_each(points, group, weights):
    """Of every group the sample nearest to its weighted mean, the heaviest group first."""
    shares, picks = [], []
    for g in np.unique(group):
        members = np.flatnonzero(group == g)
        mean = np.average(points[members], axis=0, weights=weights[members])
        picks.append(members[((points[members] - mean) ** 2).sum(axis=1).argmin()])
        shares.append(weights[members].sum() / weights.sum())
    order = np.argsort(-np.array(shares))
    return np.array(picks)[order], np.array(shares)[order]


@pytest.mark.parametrize("seed", range(3))
def test_of_every_group_the_sample_nearest_its_mean(make_pool, serving, seed):
    pool, group = grouped(make_pool(seed=seed, modalities=1, gaps=0.0), serving, 9, seed)
    points = standardised(pool)[pool.candidates].double().numpy()
    places, shares = nearest_of_each(points, group[pool.candidates], np.ones(len(points)))
    chosen = Kmeans().select(pool, 9, np.random.default_rng(seed))
    assert set(chosen.rows.tolist()) == set(pool.candidates[places].tolist())
    assert chosen.scores.numpy() == pytest.approx(shares)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_among_the_least_sure(make_pool, serving, seed):
    pool, group = grouped(make_pool(seed=seed, modalities=1, gaps=0.0), serving, 6, seed)
    unsure = Margin().select(pool, 4 * 6, np.random.default_rng(0))
    points = standardised(pool)[unsure.rows].double().numpy()
    own = group[unsure.rows]
    places, shares = nearest_of_each(points, own, 1 + unsure.scores.double().numpy())
    n = len(np.unique(own))
    chosen = WeightedKmeans(beta=4).select(pool, 6, np.random.default_rng(seed))
    if n == 6:
        assert chosen.rows.tolist() == unsure.rows[places].tolist()
        assert chosen.scores.numpy() == pytest.approx(shares)
    assert set(chosen.rows.tolist()) <= set(unsure.rows.tolist())


@pytest.mark.parametrize("seed", range(2))
def test_weights_count_as_in_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((800, 6))
    weights = rng.gamma(0.3, size=800)

    def squares(cluster):
        return sum(
            (weights[own, None] * (points[own] - np.average(points[own], 0, weights[own])) ** 2)
            .sum()
            for own in (cluster == c for c in np.unique(cluster))
        )  # fmt: skip

    theirs = [KMeans(20, n_init=1, random_state=i).fit(points, None, weights).inertia_
              for i in range(5)]  # fmt: skip
    tensors = [torch.from_numpy(x.astype(np.float32)) for x in (points, weights)]
    ours, unweighted = (
        [squares(clustering.clusters(tensors[0], 20, np.random.default_rng(i), w).numpy())
         for i in range(5)]
        for w in (tensors[1], None)
    )  # fmt: skip
    assert np.mean(ours) < 1.02 * np.mean(theirs) < 0.98 * np.mean(unweighted)


def test_where_samples_coincide_the_rest_is_drawn_from_those_clustered(make_pool, serving):
    pool = make_pool(seed=1, modalities=1, gaps=0.0, size=60)
    same = serving(pool, unimodal_embeddings={"image": torch.ones(60, 6)})
    chosen = WeightedKmeans(beta=2).select(same, 5, np.random.default_rng(0))
    unsure = Margin().select(pool, 10, np.random.default_rng(0)).rows.tolist()
    assert set(chosen.rows.tolist()) <= set(unsure)
    assert chosen.scores.tolist() == [1.0, 0, 0, 0, 0]
