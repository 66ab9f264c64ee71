"""MaxHerding against scikit-activeml and against its definition."""

import numpy as np
import pytest
import torch
from skactiveml.pool import MaxHerding

from mindgap.strategies.maxherding import Maxherding, gaussian


def directions(pool):
    """Standardised by modality and of length one, in float64."""
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        x = embedding.numpy().astype(np.float64)
        x = x - x.mean(axis=0)
        blocks.append(x / np.sqrt((x**2).sum(axis=1).mean()))
    points = np.concatenate(blocks, axis=1)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def gains(points, sigma, pool, chosen):
    """By how much each candidate raises coverage, before each choice; all pairs, in float64."""
    squared = ((points[:, None, :] - points) ** 2).sum(axis=2)
    k, s = np.exp(-squared / sigma**2), pool.labelled.tolist()
    for row in chosen:
        before = k[s].max(axis=0) if s else np.zeros(len(k))
        yield {
            i: np.maximum(k[i], before).mean() - before.mean()
            for i in pool.candidates.tolist()
            if i not in s
        }
        s.append(row)


@pytest.mark.parametrize("labelled", [0, 10])
@pytest.mark.parametrize("modalities", [1, 3])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_same_samples_in_the_same_order_as_scikit_activeml(
    make_pool, seed, gaps, modalities, labelled
):
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities, size=200, labelled=labelled)
    labels = np.full(200, np.nan)
    labels[pool.labelled.numpy()] = pool.labels.numpy()
    theirs = MaxHerding(random_state=seed, metric_dict={"gamma": 1 / 0.8**2}).query(
        directions(pool), labels, batch_size=15
    )
    chosen = Maxherding(sigma=0.8).select(pool, 15, np.random.default_rng(seed))
    assert chosen.rows.tolist() == theirs.tolist()


@pytest.mark.parametrize("sigma", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("labelled", [0, 6])
@pytest.mark.parametrize("seed", range(3))
def test_every_choice_gains_as_much_as_any_could(make_pool, seed, labelled, sigma):
    pool = make_pool(seed=seed, size=120, labelled=labelled)
    chosen = Maxherding(sigma=sigma).select(pool, 20, np.random.default_rng(seed))
    rows = chosen.rows.tolist()
    steps = gains(directions(pool), sigma, pool, rows)
    for row, score, gain in zip(rows, chosen.scores.tolist(), steps, strict=True):
        assert gain[row] == pytest.approx(max(gain.values()), rel=1e-4)
        assert score == pytest.approx(gain[row], rel=1e-3)


def test_the_default_width_is_one():
    assert Maxherding() == Maxherding(sigma=1.0)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 2.0])
def test_the_kernel_of_cosines_is_that_of_distances(sigma):
    g = torch.Generator().manual_seed(0)
    points = torch.nn.functional.normalize(torch.randn(40, 5, generator=g).double(), dim=1)
    expected = torch.exp(-(torch.cdist(points, points) ** 2) / sigma**2)
    assert torch.allclose(gaussian(sigma)(points @ points.T), expected, atol=1e-9)
