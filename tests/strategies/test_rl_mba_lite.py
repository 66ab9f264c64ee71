"""The score of RL-MBA against its formulas, written out with Dirichlet distributions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax

from mindgap.strategies import best, rl_mba_lite
from mindgap.strategies.rl_mba_lite import RlMbaLite


def weights_by_definition(pool, temperature):
    """softmax of the accuracy of each head less that of the fused model, on what has it."""
    advantages = []
    for m, name in enumerate(pool.names):
        own, fused = [], []
        for row, label in zip(pool.labelled.tolist(), pool.labels.tolist(), strict=True):
            if pool.observed[row, m]:
                own.append(int(pool.unimodal_probabilities[name][row].argmax()) == label)
                fused.append(int(pool.probabilities[row].argmax()) == label)
        advantages.append(np.mean(own) - np.mean(fused) if own else 0.0)
    return softmax(np.array(advantages) / temperature)


def min_max(values):
    """Over those that are there."""
    there = ~np.isnan(values)
    low, high = values[there].min(), values[there].max()
    return np.where(there, (values - low) / (high - low), np.nan)


def uncertainty_by_definition(pool, weights, evidence):
    """sum_m w_m u~_m with u_m = mean_c Var[p_c] of Dirichlet(1 + evidence * p_m)."""
    columns, shares = [], []
    for m, name in enumerate(pool.names):
        p = pool.unimodal_probabilities[name][pool.candidates].double().numpy()
        alpha = 1 + evidence * p
        total = alpha.sum(axis=1, keepdims=True)
        variance = alpha * (total - alpha) / (total**2 * (total + 1))
        columns.append(min_max(variance.mean(axis=1)))
        shares.append(weights[m] * pool.observed[pool.candidates, m].numpy())
    shares = np.array(shares) / np.sum(shares, axis=0)
    return np.nansum(np.array(columns) * shares, axis=0), shares


def scores(strategy, pool, n, seed=0):
    """Of all candidates in their order; `n` is the number of clusters."""
    everything = []

    def best_of(scores, *others):
        everything.append(scores)
        return best(scores, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rl_mba_lite, "best", best_of)
        strategy.select(pool, n, np.random.default_rng(seed))
    return everything[0].numpy()


@pytest.mark.parametrize("modalities", [1, 2, 3, 5])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("evidence", [0.5, 4.0, 300.0])
def test_uncertainty_is_the_weighted_variance_of_dirichlet_heads(
    make_pool, modalities, gaps, evidence
):
    """Whatever total evidence the softmax heads are said to state."""
    pool = make_pool(seed=3, modalities=modalities, gaps=gaps, labelled=60, size=160)
    weights = weights_by_definition(pool, temperature=0.3)
    assert modalities == 1 or weights.std() > 0.01
    expected, _ = uncertainty_by_definition(pool, weights, evidence)
    found = scores(RlMbaLite(temperature=0.3, diversity=0.0), pool, 10)
    assert found == pytest.approx(expected, abs=2e-5)


def nearest_centre(points, clusters, rng):
    """k-means++ and five rounds of Lloyd's algorithm in float64, one step at a time."""
    chosen = [int(rng.integers(len(points)))]
    while len(chosen) < clusters:
        squared = np.min([((points - points[i]) ** 2).sum(axis=1) for i in chosen], axis=0)
        cumulative = np.cumsum(squared)
        chosen.append(int(np.searchsorted(cumulative, cumulative[-1] * rng.random(), "right")))
    centres = points[chosen]
    for _ in range(5):
        assigned = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
        centres = np.array(
            [
                points[assigned == k].mean(axis=0) if (assigned == k).any() else centres[k]
                for k in range(len(centres))
            ]
        )
    return np.linalg.norm(points[:, None] - centres, axis=2).min(axis=1)


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_same_choice_as_by_definition(make_pool, seed, gaps, modalities):
    pool = make_pool(
        seed=seed, modalities=modalities, gaps=gaps, labelled=60, size=200, like_real=False
    )
    uncertain, shares = uncertainty_by_definition(pool, weights_by_definition(pool, 1.0), 4.0)
    fused = np.zeros((len(pool.candidates), 11))
    for m, name in enumerate(pool.names):
        z = pool.unimodal_embeddings[name][pool.candidates].double().numpy()
        fused[:, : z.shape[1]] += shares[m][:, None] * z
    distance = nearest_centre(fused, 12, np.random.default_rng(seed))
    expected = uncertain + 2 * min_max(distance)
    strategy = RlMbaLite(diversity=2.0)
    assert scores(strategy, pool, 12, seed) == pytest.approx(expected, abs=1e-4)
    chosen = strategy.select(pool, 12, np.random.default_rng(seed))
    order = np.argsort(-expected)[:12]
    assert chosen.rows.tolist() == pool.candidates[order].tolist()


def test_the_better_head_gets_more_weight(make_pool, serving):
    """As published: this is no pressure towards balance."""
    pool = make_pool(seed=4, modalities=2, gaps=0.0)
    heads = {name: torch.full((310, 4), 0.25) for name in pool.names}
    heads["image"][pool.labelled] = torch.eye(4)[pool.labels]
    heads["text"][pool.labelled] = torch.eye(4)[(pool.labels + 1) % 4]
    unsure, sure = pool.candidates[0], pool.candidates[1:]
    heads["text"][sure] = torch.tensor([0.7, 0.1, 0.1, 0.1])
    heads["image"][unsure] = torch.tensor([0.7, 0.1, 0.1, 0.1])
    pool = serving(pool, unimodal_probabilities=heads)
    found = scores(RlMbaLite(diversity=0.0), pool, 5)
    more = float(softmax([1.0, 0.0])[0])
    assert found[0] == pytest.approx(1 - more, abs=1e-6)
    assert found[1:] == pytest.approx(more, abs=1e-6)


def test_a_model_that_fits_its_labels_weighs_all_modalities_alike(make_pool, serving):
    pool = make_pool(seed=5, gaps=0.0)
    fitted = torch.eye(4)[pool.labels]
    probabilities = pool.probabilities.clone()
    probabilities[pool.labelled] = fitted
    heads = {name: p.clone() for name, p in pool.unimodal_probabilities.items()}
    for p in heads.values():
        p[pool.labelled] = fitted
    pool = serving(pool, probabilities=probabilities, unimodal_probabilities=heads)
    found = [scores(RlMbaLite(temperature=t, diversity=0.0), pool, 5) for t in (0.01, 1.0)]
    assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_without_labels_of_a_modality_its_advantage_is_zero(make_pool):
    pool = make_pool(seed=6, modalities=2, gaps=0.4, labelled=40)
    complete = pool.observed[pool.labelled].all(dim=1)
    only_image = pool.observed.clone()
    only_image[pool.labelled] = torch.tensor([True, False])
    assert complete.any()
    found = rl_mba_lite._advantages(replace(pool, observed=only_image))
    assert float(found[1]) == 0


def test_fewer_different_points_than_clusters():
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0]]).repeat(6, 1)
    found = rl_mba_lite._distance_from_centres(points, 5, np.random.default_rng(0))
    assert found.tolist() == [0.0] * 12
