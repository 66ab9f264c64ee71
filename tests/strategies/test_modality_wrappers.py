"""Unimodal strategies on one modality, the mean over modalities, or the worst, against loops."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from skactiveml.pool import uncertainty_scores

from mindgap.strategies import Strategy, best
from mindgap.strategies.badge import Badge
from mindgap.strategies.bald import Bald
from mindgap.strategies.bmmal import Bmmal
from mindgap.strategies.coreset import Coreset
from mindgap.strategies.entropy import Entropy
from mindgap.strategies.least_confidence import LeastConfidence
from mindgap.strategies.margin import Margin
from mindgap.strategies.mean_modality import MeanModality
from mindgap.strategies.one_modality import OneModality
from mindgap.strategies.worst_modality import WorstModality
from mindgap.tasks import TaskShape
from mindgap.testing.pools import copied

SCORES = {Margin(): "margin_sampling", Entropy(): "entropy", LeastConfidence(): "least_confident"}
#: scikit-activeml's margin is 1 - (p_1 - p_2).
OFFSETS = {"margin_sampling": -1.0, "entropy": 0.0, "least_confident": 0.0}
CAPABLE = {"stochastic", "unimodal_heads"}


def by_hand(pool, method):
    """(U, M) uncertainty of every candidate by every observed modality's head."""
    found = np.full((len(pool.candidates), len(pool.names)), np.nan)
    for u, row in enumerate(pool.candidates.tolist()):
        for m, name in enumerate(pool.names):
            if pool.observed[row, m]:
                p = pool.unimodal_probabilities[name][row : row + 1].double().numpy()
                p = p / p.sum()
                found[u, m] = uncertainty_scores(p, method=method)[0] + OFFSETS[method]
    return found


@pytest.mark.parametrize("inner", SCORES, ids=SCORES.values())
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(2))
def test_mean_and_worst_are_row_by_row_what_scikit_activeml_says(make_pool, seed, gaps, inner):
    pool = make_pool(seed=seed, gaps=gaps, size=120)
    table = by_hand(pool, SCORES[inner])
    for wrapper, expected in (
        (MeanModality(inner), np.nanmean(table, axis=1)),
        (WorstModality(inner), np.nanmax(table, axis=1)),
    ):
        chosen = wrapper.select(pool, 40, np.random.default_rng(seed))
        order = np.argsort(-expected)[:40]
        assert chosen.rows.tolist() == pool.candidates[order].tolist()
        assert chosen.scores.numpy() == pytest.approx(expected[order], abs=1e-6)


@pytest.mark.parametrize("inner", SCORES, ids=SCORES.values())
@pytest.mark.parametrize("m", [0, 1, 2])
def test_one_modality_ranks_those_that_have_it(make_pool, inner, m):
    pool = make_pool(seed=3, gaps=0.4, size=120)
    expected = by_hand(pool, SCORES[inner])[:, m]
    having = int(np.isfinite(expected).sum())
    wrapper = OneModality(inner, pool.names[m])
    chosen = wrapper.select(pool, having, np.random.default_rng(0))
    order = np.argsort(-expected)[:having]  # NaN comes last
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(expected[order], abs=1e-6)


@dataclass(frozen=True)
class Curious(Strategy):
    """Keeps the pool it saw."""

    def requires(self):
        return {"probabilities", "embeddings", "unimodal_probabilities", "unimodal_embeddings"}

    def select(self, pool, n, rng):
        SEEN.append(copied(pool))
        return best(pool.candidates.float(), pool, n, rng)


SEEN = []


def test_the_strategy_inside_sees_one_modality_and_nothing_else(make_pool):
    pool = make_pool(seed=4, gaps=0.4, size=80, labelled=30)
    SEEN.clear()
    wrapper = OneModality(Curious(), "text")
    assert wrapper.requires() == {"unimodal_probabilities", "unimodal_embeddings"}
    only = replace(pool, served={key: pool.served[key] for key in wrapper.requires()})
    chosen = wrapper.select(only, 9, np.random.default_rng(0))
    (view,) = SEEN
    there = pool.observed[:, 1].nonzero().flatten()
    assert view.names == ("text",)
    assert view.observed.shape == (len(there), 1)
    assert view.observed.all()
    assert view.probabilities.equal(pool.unimodal_probabilities["text"][there])
    assert view.embeddings.equal(pool.unimodal_embeddings["text"][there])
    assert view.unimodal_embeddings.keys() == view.unimodal_probabilities.keys() == {"text"}
    labelled = [row for row in pool.labelled.tolist() if pool.observed[row, 1]]
    assert there[view.labelled].tolist() == labelled
    by_row = dict(zip(pool.labelled.tolist(), pool.labels.tolist(), strict=True))
    assert view.labels.tolist() == [by_row[row] for row in labelled]
    candidates = [row for row in pool.candidates.tolist() if pool.observed[row, 1]]
    assert there[view.candidates].tolist() == candidates
    assert chosen.rows.tolist() == sorted(candidates, reverse=True)[:9]


@pytest.mark.parametrize("inner", [Coreset(), Badge()])
def test_without_gaps_it_is_the_strategy_on_a_task_of_that_modality(make_pool, inner):
    pool = make_pool(seed=5, gaps=0.0)
    alone = replace(
        pool,
        names=("sound",),
        observed=pool.observed[:, 2:],
        served={
            "probabilities": pool.unimodal_probabilities["sound"],
            "embeddings": pool.unimodal_embeddings["sound"],
            "unimodal_embeddings": {"sound": pool.unimodal_embeddings["sound"]},
        },
    )
    expected = inner.select(alone, 30, np.random.default_rng(1))
    chosen = OneModality(inner, "sound").select(pool, 30, np.random.default_rng(1))
    assert chosen.rows.equal(expected.rows)
    assert chosen.scores.equal(expected.scores)


@pytest.mark.parametrize("n", [5, 20])
def test_where_too_few_have_the_modality_the_rest_is_drawn_at_random(make_pool, n):
    pool = make_pool(seed=6, gaps=0.0, size=50)
    pool.observed[:, 1] = False
    having = pool.candidates[[2, 7, 30]]
    pool.observed[having, 1] = True
    seen = set()
    for seed in range(30):
        chosen = OneModality(Margin(), "text").select(pool, n, np.random.default_rng(seed))
        assert set(chosen.rows[:3].tolist()) == set(having.tolist())
        assert (chosen.scores[3:] == chosen.scores[2] - 1).all()
        seen.add(tuple(chosen.rows[3:].tolist()))
    assert len(seen) > 20


def test_nobody_has_the_modality(make_pool):
    pool = make_pool(seed=6, gaps=0.0, size=50)
    pool.observed[pool.candidates, 1] = False
    chosen = OneModality(Coreset(), "text").select(pool, 20, np.random.default_rng(0))
    assert len(chosen.rows.unique()) == 20
    assert (chosen.scores == -1).all()


def test_reasons():
    shape = TaskShape({"image": (3,), "text": (2,)}, 4)
    assert OneModality(Margin(), "text").supports(shape, CAPABLE) is None
    why = OneModality(Margin(), "txt").supports(shape, CAPABLE)
    assert why == "the task has no modality 'txt'; it has image, text"
    for inner, key in ((Bmmal(), "subset_probabilities:zero"), (Bald(), "mc_probabilities")):
        why = OneModality(inner, "text").supports(shape, CAPABLE)
        assert why == f"the strategy inside reads {key}, which one modality alone doesn't have"
    for wrapper in (MeanModality, WorstModality):
        assert wrapper(Margin()).supports(shape, CAPABLE) is None
        assert "Badge doesn't score every sample" in wrapper(Badge()).supports(shape, CAPABLE)
        assert "unimodal_heads" in wrapper(Margin()).supports(shape, set())
    assert "unimodal_heads" in OneModality(Margin(), "text").supports(shape, set())


def test_with_one_modality_all_of_them_are_the_strategy_itself(make_pool):
    pool = make_pool(seed=7, modalities=1, gaps=0.0)
    pool = replace(
        pool, served={**pool.served, "probabilities": pool.unimodal_probabilities["image"]}
    )
    expected = Margin().select(pool, 30, np.random.default_rng(0))
    for wrapper in (
        MeanModality(Margin()),
        WorstModality(Margin()),
        OneModality(Margin(), "image"),
    ):
        chosen = wrapper.select(pool, 30, np.random.default_rng(0))
        assert torch.equal(chosen.rows, expected.rows)
        assert torch.equal(chosen.scores, expected.scores)


@dataclass(frozen=True)
class Rival(Strategy):
    """Of one's own: it says itself that it scores every sample for itself."""

    pointwise = True

    def requires(self):
        return {"probabilities"}

    def select(self, pool, n, rng):
        return best(pool.probabilities[pool.candidates].topk(2, dim=1).values[:, 1], pool, n, rng)


def test_a_strategy_of_ones_own_is_wrapped_where_it_says_that_it_can_be(make_pool):
    shape = TaskShape({"image": (6,), "text": (11,), "sound": (3,)}, 4)
    assert MeanModality(Rival()).supports(shape, CAPABLE) is None
    pool = make_pool(seed=0, size=60, gaps=0.0)
    chosen = MeanModality(Rival()).select(pool, 5, np.random.default_rng(0))
    seconds = [p.topk(2, dim=1).values[:, 1] for p in pool.unimodal_probabilities.values()]
    expected = torch.stack(seconds).mean(dim=0)[pool.candidates].topk(5).values
    torch.testing.assert_close(chosen.scores, expected)
    assert "every sample for itself" in MeanModality(Coreset()).supports(shape, CAPABLE)
    assert "mc_probabilities" in MeanModality(Bald()).supports(shape, CAPABLE)
