"""Core-set against scikit-activeml and against a loop over all pairs."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from skactiveml.pool import CoreSet

from mindgap.strategies.coreset import CHUNK, Coreset


def side_by_side(pool):
    """Each modality centred and divided by its root mean squared norm, in float64."""
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        x = embedding.numpy().astype(np.float64)
        x = x - x.mean(axis=0)
        blocks.append(x / np.sqrt((x**2).sum(axis=1).mean()))
    return np.concatenate(blocks, axis=1)


def loop(points, labelled, candidates, n):
    """The candidate farthest from everything chosen, by definition."""
    centres, chosen, distances = list(labelled), [], []
    for _ in range(n):
        far = {
            u: min(np.linalg.norm(points[u] - points[s]) for s in centres)
            for u in candidates
            if u not in chosen
        }
        pick = max(far, key=far.get)
        chosen.append(pick)
        centres.append(pick)
        distances.append(far[pick])
    return chosen, distances


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_scikit_activeml(make_pool, seed, gaps, modalities):
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities, size=300, labelled=10)
    labels = np.full(300, np.nan)
    labels[pool.labelled.numpy()] = pool.labels.numpy()
    theirs, utilities = CoreSet(random_state=seed).query(
        side_by_side(pool), labels, batch_size=30, return_utilities=True
    )
    chosen = Coreset().select(pool, 30, np.random.default_rng(seed))
    assert chosen.rows.tolist() == theirs.tolist()
    assert chosen.scores.numpy() == pytest.approx(np.nanmax(utilities, axis=1), rel=1e-3)


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("seed", range(2))
def test_same_as_a_loop_over_all_pairs(make_pool, seed, modalities):
    pool = make_pool(seed=seed, modalities=modalities, size=60, labelled=4)
    rows, distances = loop(
        side_by_side(pool), pool.labelled.tolist(), pool.candidates.tolist(), n=12
    )
    chosen = Coreset().select(pool, 12, np.random.default_rng(seed))
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(distances, rel=1e-3)


@pytest.mark.parametrize("labelled", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_all_chunks_of_labelled_samples_count(make_pool, labelled):
    pool = make_pool(seed=labelled, size=labelled + 50, labelled=labelled)
    rows, _ = loop(side_by_side(pool), pool.labelled.tolist(), pool.candidates.tolist(), n=5)
    assert Coreset().select(pool, 5, np.random.default_rng(0)).rows.tolist() == rows


@pytest.mark.parametrize("candidates", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_all_chunks_of_candidates_count(make_pool, candidates):
    pool = make_pool(seed=candidates, size=candidates + 40, labelled=40)
    rows, _ = loop(side_by_side(pool), pool.labelled.tolist(), pool.candidates.tolist(), n=3)
    assert Coreset().select(pool, 3, np.random.default_rng(0)).rows.tolist() == rows


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_scale_and_place_of_a_modality_decide_nothing(make_pool, serving, factor):
    pool = make_pool(seed=5, gaps=0.0)
    other = dict(pool.unimodal_embeddings)
    other["text"] = other["text"] * factor + factor
    there = Coreset().select(pool, 20, np.random.default_rng(0))
    here = Coreset().select(serving(pool, unimodal_embeddings=other), 20, np.random.default_rng(0))
    assert here.rows.tolist() == there.rows.tolist()
    assert torch.allclose(here.scores, there.scores, rtol=1e-3)


def test_a_modality_that_is_the_same_everywhere_adds_nothing(make_pool, serving):
    pool = make_pool(seed=6, modalities=2, gaps=0.0)
    constant = {**pool.unimodal_embeddings, "text": torch.full((310, 11), 0.1)}
    alone = {"image": pool.unimodal_embeddings["image"]}
    rows = [
        Coreset()
        .select(serving(pool, unimodal_embeddings=blocks), 20, np.random.default_rng(0))
        .rows.tolist()
        for blocks in (constant, alone)
    ]
    assert rows[0] == rows[1]


def test_chance_decides_between_equally_far_candidates(make_pool, serving):
    pool = make_pool(seed=7, modalities=1, gaps=0.0, size=44, labelled=1)
    points = torch.zeros(44, 2)
    # whole numbers with a mean of zero: their distances from the labelled origin are exact
    tied = pool.candidates[[0, 9, 23, 42]]
    points[tied] = torch.tensor([[4.0, 0.0], [-4.0, 0.0], [0.0, 4.0], [0.0, -4.0]])
    pool = serving(pool, unimodal_embeddings={"image": points})
    firsts = [
        int(Coreset().select(pool, 1, np.random.default_rng(seed)).rows[0]) for seed in range(200)
    ]
    counts = [firsts.count(row) for row in tied.tolist()]
    assert sum(counts) == 200
    assert chisquare(counts).pvalue > 0.001


def test_without_a_labelled_sample_it_starts_anywhere(make_pool):
    pool = make_pool(seed=8, size=30, labelled=0)
    firsts = {
        int(Coreset().select(pool, 3, np.random.default_rng(seed)).rows[0]) for seed in range(50)
    }
    assert len(firsts) > 10


@pytest.mark.parametrize("labelled", [3, CHUNK + 40])
@pytest.mark.parametrize("ties", [False, True])
def test_a_short_list_chooses_as_a_long_one(make_pool, monkeypatch, ties, labelled):
    """With whole numbers, whose distances are exact, chance decides between the same ones."""
    pool = make_pool(seed=5, size=400 + labelled, labelled=labelled)
    if ties:
        points = (
            3 * torch.randn(400 + labelled, 4, generator=torch.Generator().manual_seed(2))
        ).round()
        monkeypatch.setattr("mindgap.strategies.coreset.standardised", lambda pool: points)
    expected = Coreset().select(pool, 60, np.random.default_rng(1))
    monkeypatch.setattr("mindgap.strategies.coreset.SHORTLIST", 5)
    chosen = Coreset().select(pool, 60, np.random.default_rng(1))
    assert chosen.rows.tolist() == expected.rows.tolist()
    assert chosen.scores.numpy() == pytest.approx(expected.scores.numpy(), abs=1e-3)
