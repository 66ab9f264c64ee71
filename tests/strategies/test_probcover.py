"""ProbCover against scikit-activeml and against balls that are really drawn."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from skactiveml.pool import ProbCover

from mindgap.strategies import clustering, probcover
from mindgap.strategies.probcover import Probcover, ball, largest_pure_radius


def directions(pool):
    """Standardised by modality and of length one, in float64."""
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        x = embedding.numpy().astype(np.float64)
        x = x - x.mean(axis=0)
        blocks.append(x / np.sqrt((x**2).sum(axis=1).mean()))
    points = np.concatenate(blocks, axis=1)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def distances(points):
    return np.sqrt(((points[:, None, :] - points) ** 2).sum(axis=2))


@pytest.mark.parametrize("labelled", [0, 10])
@pytest.mark.parametrize("delta", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_every_choice_covers_as_many_as_any_could(make_pool, seed, delta, labelled):
    pool = make_pool(seed=seed, size=200, labelled=labelled)
    inside = distances(directions(pool)) < delta
    chosen = Probcover(delta=delta).select(pool, 25, np.random.default_rng(seed))
    covered = inside[pool.labelled.numpy()].any(axis=0)
    free = set(pool.candidates.tolist())
    for row, score in zip(chosen.rows.tolist(), chosen.scores.tolist(), strict=True):
        newly = {i: int((inside[i] & ~covered).sum()) for i in free}
        assert newly[row] == max(newly.values())
        assert score * 200 == pytest.approx(newly[row], abs=1e-3)
        covered |= inside[row]
        free.remove(row)


@pytest.mark.parametrize("labelled", [0, 10])
@pytest.mark.parametrize("delta", [0.4, 0.8])
@pytest.mark.parametrize("seed", range(4))
def test_the_same_coverage_as_scikit_activeml(make_pool, seed, delta, labelled):
    """The first choices have no equals; later sequences differ by chance in either program."""
    pool = make_pool(seed=seed, size=200, labelled=labelled)
    points = directions(pool)
    labels = np.full(200, np.nan)
    labels[pool.labelled.numpy()] = pool.labels.numpy()
    inside = distances(points) < delta
    totals, ours = [], Probcover(delta=delta)
    for attempt in range(5):
        query = ProbCover(random_state=attempt, deltas=[delta], n_classes=4).query
        with pytest.warns(UserWarning, match="maximum purity was -1"):  # it isn't looked at
            theirs = query(points, labels, batch_size=15)
        chosen = ours.select(pool, 15, np.random.default_rng(attempt)).rows.numpy()
        both = [np.concatenate([pool.labelled.numpy(), rows]) for rows in (theirs, chosen)]
        totals.append([int(inside[rows].any(axis=0).sum()) for rows in both])
    theirs, chosen = np.array(totals).T
    assert abs(theirs.mean() - chosen.mean()) <= 0.01 * theirs.mean() + 0.5
    assert chosen.max() >= theirs.min()
    assert theirs.max() >= chosen.min()


@pytest.mark.parametrize("purity", [0.5, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("size", [40, probcover.ROWS + 30, probcover.COLUMNS + 300])
def test_the_radius_is_the_largest_that_is_pure(size, purity):
    g = torch.Generator().manual_seed(size)
    points = torch.nn.functional.normalize(torch.randn(size, 4, generator=g), dim=1)
    cluster = (points[:, 0] > 0.1).long() + 2 * (points[:, 1] > 0.3).long()
    found = largest_pure_radius(points, cluster, purity)
    apart = distances(points.double().numpy())
    differs = cluster.numpy()[:, None] != cluster.numpy()

    def pure(radius):
        return 1 - ((apart < radius) & differs).any(axis=1).mean()

    assert pure(found - 1e-3 * found) >= purity - 1e-9
    assert pure(found + 1e-3 * found) < purity


def test_one_cluster_is_pure_at_any_radius():
    points = torch.nn.functional.normalize(torch.randn(30, 4), dim=1)
    assert largest_pure_radius(points, torch.zeros(30, dtype=torch.int64), 0.95) == 2


def test_a_cluster_may_be_empty():
    points = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    cluster = torch.tensor([0, 0, 3, 3])
    assert largest_pure_radius(points, cluster, 0.95) == pytest.approx(2**0.5)


@pytest.mark.parametrize("seed", range(3))
def test_by_default_the_radius_follows_from_as_many_clusters_as_classes(
    make_pool, monkeypatch, seed
):
    pool = make_pool(seed=seed, size=200, classes=3)
    asked, real = [], clustering.clusters
    radii, drawn = [], probcover.ball

    def noted(points, k, rng):
        asked.append((k, points, real(points, k, rng)))
        return asked[-1][2]

    def measured(radius):
        radii.append(radius)
        return drawn(radius)

    monkeypatch.setattr(clustering, "clusters", noted)
    monkeypatch.setattr(probcover, "ball", measured)
    Probcover(purity=0.8).select(pool, 20, np.random.default_rng(seed))
    ((k, points, cluster),) = asked
    assert k == 3
    assert points.double().numpy() == pytest.approx(directions(pool), abs=1e-5)
    assert radii == [largest_pure_radius(points, cluster, 0.8)]


def test_by_default_95_of_100_balls_are_pure():
    assert Probcover() == Probcover(purity=0.95)


@pytest.mark.parametrize("radius", [0.1, 1.0, 1.9])
def test_a_ball_of_cosines_is_one_of_distances(radius):
    g = torch.Generator().manual_seed(0)
    points = torch.nn.functional.normalize(torch.randn(60, 3, generator=g).double(), dim=1)
    expected = distances(points.numpy()) < radius
    found = ball(radius)(points @ points.T).numpy()
    assert (found == expected).all()
    assert 0 < found.mean() < 1


def test_chance_decides_when_all_is_covered(make_pool):
    pool = make_pool(seed=7, size=20, labelled=10)
    seconds = []
    for seed in range(150):
        chosen = Probcover(delta=2.1).select(pool, 2, np.random.default_rng(seed))
        assert chosen.scores.tolist() == [0.0, 0.0]
        seconds.append(int(chosen.rows[1]))
    counts = [seconds.count(row) for row in pool.candidates.tolist()]
    assert chisquare(counts).pvalue > 0.001
