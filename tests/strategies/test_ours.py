"""Strategies of ours, each against a loop over samples."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from mindgap.strategies.badge import Badge
from mindgap.strategies.completeness_first import CompletenessFirst
from mindgap.strategies.fused_unimodal_kl import FusedUnimodalKl
from mindgap.strategies.gap_coreset import GapCoreset
from mindgap.strategies.margin import Margin
from mindgap.strategies.modality_coverage import ModalityCoverage
from mindgap.strategies.pattern_conditional import PatternConditional
from mindgap.tasks import TaskShape

SEEDS = range(3)


def margins(pool):
    top = pool.probabilities.double().sort(dim=1).values.numpy()
    return top[:, -1] - top[:, -2]


def scaled(pool):
    """Each modality centred and scaled by those who have it, NaN elsewhere, in float64."""
    found = []
    for m, name in enumerate(pool.names):
        there = pool.observed[:, m].numpy()
        z = pool.unimodal_embeddings[name].double().numpy().copy()
        z -= z[there].mean(axis=0)
        z /= np.sqrt((z[there] ** 2).sum(axis=1).mean())
        z[~there] = np.nan
        found.append(z)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_fused_unimodal_kl_is_the_mean_divergence(make_pool, seed):
    pool = make_pool(seed=seed, gaps=0.4)
    heads = {name: p.double().numpy() for name, p in pool.unimodal_probabilities.items()}
    p = pool.probabilities.double().numpy()
    expected = np.array([
        np.mean([entropy(p[i], heads[name][i])
                 for m, name in enumerate(pool.names) if pool.observed[i, m]])
        for i in pool.candidates.tolist()
    ])  # fmt: skip
    order = np.argsort(-expected)[:40]
    chosen = FusedUnimodalKl().select(pool, 40, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(expected[order], rel=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_completeness_comes_before_the_margin(make_pool, seed):
    pool = make_pool(seed=seed, gaps=0.4)
    narrow, lacking = margins(pool), (~pool.observed).sum(dim=1).numpy()
    expected = sorted(pool.candidates.tolist(), key=lambda i: (lacking[i], narrow[i]))[:150]
    assert len({int(lacking[i]) for i in expected}) > 1
    chosen = CompletenessFirst().select(pool, 150, np.random.default_rng(seed))
    assert chosen.rows.tolist() == expected


@pytest.mark.parametrize("modalities", [2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_gap_coreset_is_a_loop_over_all_pairs(make_pool, seed, modalities):
    pool = make_pool(seed=seed, modalities=modalities, gaps=0.4, size=80, labelled=6)
    points = scaled(pool)

    def apart(i, j):
        common = [m for m in range(modalities) if pool.observed[i, m] and pool.observed[j, m]]
        if not common:
            return np.inf
        return modalities / len(common) * sum(((points[m][i] - points[m][j]) ** 2).sum()
                                              for m in common)  # fmt: skip

    near = {i: min(apart(i, j) for j in pool.labelled.tolist()) for i in pool.candidates.tolist()}
    chosen = GapCoreset().select(pool, 12, np.random.default_rng(seed))
    for row, score in zip(chosen.rows.tolist(), chosen.scores.tolist(), strict=True):
        assert near[row] == max(near.values())
        assert score == pytest.approx(near.pop(row), rel=1e-3)
        near = {i: min(d, apart(i, row)) for i, d in near.items()}


def test_without_gaps_and_alike_in_width_it_is_the_core_set(make_pool):
    from mindgap.strategies.coreset import Coreset

    pool = make_pool(seed=4, gaps=0.0)
    ours, theirs = (s.select(pool, 20, np.random.default_rng(0)) for s in (GapCoreset(), Coreset()))
    assert ours.rows.equal(theirs.rows)
    torch.testing.assert_close(ours.scores.sqrt(), theirs.scores, rtol=1e-3, atol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_modality_coverage_step_by_step(make_pool, seed):
    pool = make_pool(seed=seed, gaps=0.3, size=120, labelled=12)
    points, narrow = scaled(pool), margins(pool)

    def having(rows, m):
        return [i for i in rows.tolist() if pool.observed[i, m]]

    def nearest(i, m, centres):
        return min(((points[m][i] - points[m][j]) ** 2).sum() for j in centres)

    radii = [
        max(nearest(i, m, having(pool.labelled, m)) for i in having(pool.candidates, m))
        for m in range(3)
    ]
    worst = int(np.argmax(radii))
    centres, rest, kept = having(pool.labelled, worst), having(pool.candidates, worst), []
    for _ in range(3 * 5):
        kept.append(max(rest, key=lambda i: nearest(i, worst, centres + kept)))
        rest.remove(kept[-1])
    expected = sorted(kept, key=lambda i: narrow[i])[:5]
    chosen = ModalityCoverage(kappa=3).select(pool, 5, np.random.default_rng(seed))
    assert chosen.rows.tolist() == expected
    assert chosen.scores.numpy() == pytest.approx(-narrow[expected], abs=1e-6)


def test_a_modality_without_any_label_is_covered_first(make_pool):
    pool = make_pool(seed=5, gaps=0.3, size=200)
    observed = pool.observed.clone()
    observed[pool.labelled, 2] = False
    observed[pool.labelled, 0] = True
    chosen = ModalityCoverage().select(
        replace(pool, observed=observed), 10, np.random.default_rng(0)
    )
    assert observed[chosen.rows, 2].all()


@pytest.mark.parametrize("seed", SEEDS)
def test_pattern_conditional_is_a_standard_score_within_the_pattern(make_pool, seed):
    pool = make_pool(seed=seed, gaps=0.4)
    narrow = margins(pool)
    patterns = {i: tuple(pool.observed[i].tolist()) for i in pool.candidates.tolist()}
    scores = {}
    for i, pattern in patterns.items():
        own = -narrow[[j for j, other in patterns.items() if other == pattern]]
        scores[i] = (-narrow[i] - own.mean()) / own.std()
    expected = sorted(scores, key=scores.get, reverse=True)[:60]
    chosen = PatternConditional(Margin()).select(pool, 60, np.random.default_rng(seed))
    assert chosen.rows.tolist() == expected
    assert chosen.scores.numpy() == pytest.approx([scores[i] for i in expected], abs=1e-4)


def test_pattern_conditional_refuses_what_does_not_score_every_sample_for_itself():
    shape = TaskShape({"image": (3,)}, 2)
    assert "take margin" in PatternConditional(Badge()).supports(shape, {"stochastic"})
    assert PatternConditional(Margin()).supports(shape, set()) is None
