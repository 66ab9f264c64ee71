"""The Jensen-Shannon divergence of modalities against scipy, scikit-activeml and by hand."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import entr
from skactiveml.pool import average_kl_divergence

from mindgap.strategies.jsd import Jsd


def by_definition(pool):
    """H(mean p_m) - mean H(p_m) over what is observed, sample by sample, in float64."""
    found = []
    for i in pool.candidates.tolist():
        committee = [
            pool.unimodal_probabilities[name][i].double().numpy()
            for m, name in enumerate(pool.names)
            if pool.observed[i, m]
        ]
        entropies = [entr(p).sum() for p in committee]
        found.append(entr(np.mean(committee, axis=0)).sum() - np.mean(entropies))
    return np.array(found)


@pytest.mark.parametrize("modalities", [2, 3, 5])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_same_samples_in_the_same_order_as_by_definition(make_pool, seed, gaps, modalities):
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities)
    expected = by_definition(pool)
    order = np.argsort(-expected)[:50]
    chosen = Jsd().select(pool, 50, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(expected[order], abs=1e-6)


def scores(pool):
    """Of all candidates, in their order."""
    chosen = Jsd().select(pool, len(pool.candidates), np.random.default_rng(0))
    return chosen.scores[chosen.rows.argsort()].numpy()


def test_for_two_modalities_it_is_scipys(make_pool):
    pool = make_pool(seed=0, modalities=2, gaps=0.0)
    heads = [pool.unimodal_probabilities[name][pool.candidates] for name in pool.names]
    assert scores(pool) == pytest.approx(jensenshannon(*heads, axis=1) ** 2, abs=1e-6)


@pytest.mark.parametrize("modalities", [2, 3, 5])
def test_for_complete_samples_it_is_the_mean_kl_divergence_of_scikit_activeml(
    make_pool, modalities
):
    pool = make_pool(seed=1, modalities=modalities, gaps=0.0)
    heads = [pool.unimodal_probabilities[name][pool.candidates] for name in pool.names]
    expected = average_kl_divergence(torch.stack(heads).double().numpy())
    assert scores(pool) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("modalities", [2, 3, 5])
def test_who_has_one_modality_scores_exactly_zero_and_comes_last(make_pool, modalities):
    pool = make_pool(seed=2, modalities=modalities, gaps=0.6)
    alone = pool.observed[pool.candidates].sum(dim=1) == 1
    assert alone.any()
    found = scores(pool)
    assert (found[alone] == 0).all()
    assert (found[~alone] > 0).all()


def test_total_disagreement_is_the_log_of_the_number_of_modalities(make_pool, serving):
    pool = make_pool(seed=3, modalities=3, gaps=0.0)
    heads = {name: torch.eye(4)[m].expand(310, -1) for m, name in enumerate(pool.names)}
    found = scores(serving(pool, unimodal_probabilities=heads))
    assert found == pytest.approx(np.log(3), abs=1e-6)


def test_modalities_that_agree_score_nothing(make_pool, serving):
    pool = make_pool(seed=3, modalities=3, gaps=0.0)
    heads = dict.fromkeys(pool.names, pool.probabilities)
    assert scores(serving(pool, unimodal_probabilities=heads)) == pytest.approx(0, abs=1e-6)
