"""Predictions averaged over likely values of what is missing, each against a loop over samples."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from mindgap.learners import Fleet, Row, Samples, predict
from mindgap.learners.temperature import TEMPERATURE
from mindgap.registry import Registry
from mindgap.strategies import Pool
from mindgap.strategies.bald import Bald
from mindgap.strategies.entropy import Entropy
from mindgap.strategies.imputation import imputations
from mindgap.strategies.imputed_bald import ImputedBald
from mindgap.strategies.imputed_entropy import ImputedEntropy

RNG = np.random.default_rng


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


def completions(pool, i, k, points):
    """Sources of sample i, one donor after the other; itself alone if nobody has what it lacks.

    None if chance decides who the last donors are, among those who share nothing with it.
    """
    shown = pool.observed.numpy()
    rank = []
    for j in range(len(shown)):
        gives = int((shown[j] & ~shown[i]).sum())
        common = [m for m in range(len(pool.names)) if shown[i, m] and shown[j, m]]
        apart = np.mean([((points[m][i] - points[m][j]) ** 2).sum() for m in common] or [np.inf])
        rank += [(-gives, apart, j)] if gives else []
    rank.sort()
    if len(rank) > k and np.isinf(rank[k - 1][1]) and rank[k - 1][:2] == rank[k][:2]:
        return None
    return [
        [j if shown[j, m] and not shown[i, m] else i for m in range(len(pool.names))]
        for _, _, j in rank[:k]
    ] or [[i] * len(pool.names)]


@pytest.mark.parametrize(("modalities", "k"), [(3, 4), (5, 25)])
def test_scores_are_those_of_a_loop(make_pool, modalities, k):
    """With 25 donors asked for, those who have all that is missing don't suffice."""
    pool = make_pool(seed=modalities, modalities=modalities, gaps=0.5, size=60, like_real=False)
    points = scaled(pool)
    entropies, informations = {}, {}
    for i in pool.candidates.tolist():
        sources = completions(pool, i, k, points)
        if sources is None:
            continue
        one = pool.recombined(torch.tensor(sources)).mean(dim=0)
        draws = pool.mc_recombined(torch.tensor(sources)).mean(dim=1)
        entropies[i] = entropy(one.double().numpy())
        of_mean = entropy(draws.double().mean(dim=0).numpy())
        informations[i] = of_mean - np.mean([entropy(p.double().numpy()) for p in draws])
    assert len(entropies) > 30
    for strategy, expected in (
        (ImputedEntropy(donors=k), entropies),
        (ImputedBald(donors=k), informations),
    ):
        chosen = strategy.select(pool, 50, RNG(0))
        scores = zip(chosen.rows.tolist(), chosen.scores.tolist(), strict=True)
        found = {i: score for i, score in scores if i in expected}
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_complete_samples_score_as_without_imputation(make_pool):
    pool = make_pool(seed=1, size=60, gaps=0.0)
    for ours, plain in ((ImputedEntropy(), Entropy()), (ImputedBald(), Bald())):
        some, other = (s.select(pool, 50, RNG(0)) for s in (ours, plain))
        assert some.rows.equal(other.rows)
        assert some.scores.equal(other.scores)


@pytest.fixture(scope="module")
def trained():
    """A pool with half of each modality missing at random, and 50 labels' model of it."""
    source = Registry().configure("task", "miss_mcar_sym[pool=800, test=50]").build()
    task = source.make(0)
    samples, rows = Samples.of(task.pool), torch.arange(50)

    def pool(text, keys, temperature=1.0):
        learner = Registry().configure("learner", text).build()
        network = learner.network(task.shape)
        row = Row(("f", "l", 0, 0, 0), 0, rows, task.pool.labels[rows])
        parameters = Fleet(learner, network, [samples]).fit([row])
        parameters = {**parameters, TEMPERATURE: torch.tensor([temperature])}
        answers = predict(network, parameters, samples, keys, [row.key])
        served = {
            key: {name: part[0] for name, part in value.items()}
            if isinstance(value, dict)
            else value[0]
            for key, value in answers.items()
        }
        one = Pool(
            task.pool.names,
            len(task.pool.classes),
            task.pool.observed,
            rows,
            task.pool.labels[rows],
            torch.arange(50, 800),
            served,
        )
        return one, lambda some: predict(network, parameters, some, {"probabilities"})

    return samples, pool


@pytest.mark.parametrize("learner", ["concat[steps=20]", "late[steps=20, dropout=0, members=3]"])
def test_a_recombined_sample_is_one_with_the_inputs_of_its_sources(trained, learner):
    samples, pool_of = trained
    keys = {"probabilities", "mc_probabilities", "recombined", "mc_recombined"}
    pool, answer = pool_of(learner, keys, temperature=2.5)
    own = torch.arange(600)[:, None].expand(-1, 2)
    torch.testing.assert_close(pool.recombined(own), pool.probabilities[:600])
    torch.testing.assert_close(pool.mc_recombined(own), pool.mc_probabilities[:, :600])
    sources = torch.from_numpy(RNG(0).integers(800, size=(600, 2)))
    inputs = {name: x[sources[:, m]] for m, (name, x) in enumerate(samples.inputs.items())}
    observed = torch.stack([samples.observed[sources[:, m], m] for m in range(2)], dim=1)
    made = answer(Samples(inputs, observed))["probabilities"][0]
    torch.testing.assert_close(pool.recombined(sources), made)


def test_where_the_missing_modality_decides_a_stand_in_is_too_sure(trained):
    """The true posterior of an incomplete sample has 0.96 nats; without much weight decay the token
    says half of that.
    """
    _, pool_of = trained
    pool, _ = pool_of(
        "concat[weight_decay=0.001, dropout=0.1]",
        {"probabilities", "recombined", "unimodal_embeddings"},
    )
    lacking = ~pool.observed.all(dim=1)
    token, imputed = (
        dict(zip(chosen.rows.tolist(), chosen.scores.tolist(), strict=True))
        for chosen in (s.select(pool, 750, RNG(0)) for s in (Entropy(), ImputedEntropy()))
    )
    incomplete = [i for i in pool.candidates.tolist() if lacking[i]]
    means = [np.mean([scores[i] for i in incomplete]) for scores in (token, imputed)]
    assert means[0] < 0.7 < 0.8 < means[1]


def test_nobody_gives_what_nobody_has(make_pool):
    pool = make_pool(seed=2, size=40, gaps=1.0)
    assert list(imputations(pool, 5, RNG(0))) == []
