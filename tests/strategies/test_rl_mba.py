"""The policy of RL-MBA: its gradient, its rewards, and what it comes to prefer."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.strategies import Past, rl_mba, rl_mba_lite, views
from mindgap.strategies.base import NOTHING
from mindgap.strategies.one_modality import OneModality
from mindgap.strategies.rl_mba import RlMba, policy
from mindgap.strategies.rl_mba_lite import score, scored
from mindgap.strategies.stratified import Stratified
from mindgap.tasks import TaskShape
from mindgap.testing.asking import CAPABLE


def accuracy_now(pool):
    rows, labels = pool.validation
    return float((pool.probabilities[rows].argmax(dim=1) == labels).double().mean())


def test_its_candidates_are_the_best_by_score(make_pool):
    pool = make_pool(seed=1, labelled=40, validation=30)
    terms, weights = scored(pool, 8, 1.0, np.random.default_rng(0))
    order = score(terms, weights, 1.0).argsort(descending=True)
    best = set(pool.candidates[order[:24]].tolist())
    chosen = RlMba(kappa=3).select(pool, 8, np.random.default_rng(0))
    assert set(chosen.rows.tolist()) < best
    assert chosen.scores.tolist() == pytest.approx(-np.log(24 - np.arange(8))), "uniform at first"


def test_the_trace_is_the_gradient_of_the_log_probability():
    """Against automatic differentiation of a product of softmaxes, each over what is left."""
    rng = np.random.default_rng(3)
    features, theta = rng.random((12, 4)), 3 * rng.normal(size=4)
    picks, log_probabilities, gradients = rl_mba._drawn(features, theta, 5, rng)
    assert len(set(picks.tolist())) == 5
    parameters = torch.from_numpy(theta).requires_grad_()
    left = torch.ones(12, dtype=torch.bool)
    for i, pick in enumerate(picks.tolist()):
        logits = (torch.from_numpy(features) @ parameters).masked_fill(~left, -torch.inf)
        expected = logits.log_softmax(dim=0)[pick]
        (gradient,) = torch.autograd.grad(expected, parameters)
        assert log_probabilities[i] == pytest.approx(expected.item())
        assert gradients[i] == pytest.approx(gradient.numpy())
        left[pick] = False


def test_picks_are_as_probable_as_the_policy_says():
    features, theta = np.array([[0.0], [1.0], [2.0]]), np.array([1.0])
    rng = np.random.default_rng(0)
    first = [int(rl_mba._drawn(features, theta, 2, rng)[0][0]) for _ in range(1500)]
    expected = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    assert np.bincount(first) / 1500 == pytest.approx(expected, abs=0.04)


def test_a_sure_policy_still_chooses_as_many_as_asked_for():
    picks, log_probabilities, gradients = rl_mba._drawn(
        np.array([[1.0], [0.0], [0.5]]), np.array([1e5]), 3, np.random.default_rng(0)
    )
    assert picks.tolist() == [0, 2, 1]
    assert np.isfinite(log_probabilities).all()
    assert np.isfinite(gradients).all()


def test_what_was_learned_is_reinforce_with_a_moving_average(make_pool):
    pool = make_pool(seed=2, modalities=2, validation=40)
    now, rng = accuracy_now(pool), np.random.default_rng(4)
    accuracies = [0.1, 0.4, 0.3, 0.35, now]
    traces = rng.normal(size=(4, 6, 3))
    history = [
        Past(i, torch.arange(6), accuracies[i], torch.from_numpy(trace))
        for i, trace in enumerate(traces)
    ]
    rewards = np.diff(accuracies)
    average, theta = rewards[0], np.zeros(3)
    for reward, trace in zip(rewards, traces, strict=True):
        theta = theta + 2.5 * (reward - average) * trace.sum(axis=0)
        average = 0.5 * average + 0.5 * reward
    found = policy(replace(pool, history=history), 2.5)
    assert found == pytest.approx(theta)
    assert np.abs(found).max() > 0.1


def told(pool, accuracy):
    """The same pool, whose model is right of so many validation samples."""
    rows, labels = pool.validation
    right = torch.arange(len(rows)) < round(accuracy * len(rows))
    probabilities = pool.probabilities.clone()
    probabilities[rows] = torch.eye(pool.n_classes)[torch.where(right, labels, 1 - labels)]
    return replace(pool, served={**pool.served, "probabilities": probabilities})


def after(pool, chosen, accuracy):
    """The same pool one round on."""
    past = Past(len(pool.history), chosen.rows, accuracy, chosen.trace)
    free = ~torch.isin(pool.candidates, chosen.rows)
    return replace(pool, candidates=pool.candidates[free], history=[*pool.history, past])


#: Of the policy in the test below.
RATE = 40.0


@pytest.mark.parametrize("pays", [0, 1])
def test_it_comes_to_prefer_the_modality_whose_picks_pay(make_pool, serving, pays):
    """A model that gets the better, the more uncertain its picks are of one of two modalities.

    What a policy kept in memory would have learned is what is learned anew from the history.
    """
    rng = np.random.default_rng(pays)
    pool = make_pool(5, modalities=2, size=1200, classes=2, validation=1000, gaps=0.0)
    sure = torch.from_numpy(rng.random((2200, 2))).float()
    heads = {n: torch.stack([1 - p / 2, p / 2], 1) for n, p in zip(pool.names, sure.T, strict=True)}
    pool = serving(pool, unimodal_probabilities=heads)
    strategy = RlMba(kappa=200, learning_rate=RATE, diversity=0.0)
    accuracy, average, online, gains = 0.4, None, np.zeros(3), []
    for _ in range(60):
        seen = told(pool, accuracy)
        assert policy(seen, RATE) == pytest.approx(online)
        chosen = strategy.select(seen, 10, rng)
        gain = round(0.1 * float(sure[chosen.rows, pays].mean()) - 0.07, 3)
        average = gain if average is None else average
        online = online + RATE * (gain - average) * chosen.trace.sum(dim=0).numpy()
        average += 0.5 * (gain - average)
        pool = after(seen, chosen, accuracy)
        accuracy += gain
        gains.append(gain)
    assert online[pays] > 5 * abs(online[1 - pays])
    assert np.mean(gains[-10:]) > np.mean(gains[:10]) + 0.005


def test_it_is_deterministic_and_keeps_nothing(make_pool):
    pool = make_pool(seed=3, modalities=2, validation=30)
    strategy = RlMba()
    first = strategy.select(pool, 6, np.random.default_rng(1))
    history = [Past(i, first.rows, accuracy, first.trace) for i, accuracy in enumerate((0.1, 0.9))]
    shown = replace(pool, history=history)
    other = strategy.select(shown, 6, np.random.default_rng(1))
    assert not torch.equal(first.scores, other.scores), "it has learned"
    again = strategy.select(pool, 6, np.random.default_rng(1))
    assert torch.equal(first.rows, again.rows)
    assert torch.equal(first.trace, again.trace)


def test_wrappers_hand_its_trace_on(make_pool):
    pool = make_pool(seed=4, modalities=2, validation=30, labelled=30)
    rng = np.random.default_rng(0)
    chosen = Stratified(of=RlMba()).select(pool, 12, rng)
    assert chosen.trace.shape == (12, 3)
    few = replace(pool, candidates=pool.candidates[:40])
    there = int(few.observed[few.candidates, 1].sum())
    alone = OneModality(of=RlMba(), modality="text")
    chosen = alone.select(few, there + 5, rng)
    assert chosen.trace.shape == (there + 5, 2)
    assert not chosen.trace[there:].any()
    past = Past(0, chosen.rows, 0.4, chosen.trace)
    view, rows = views.one_modality(replace(few, history=[past]), "text", alone.of.requires())
    assert torch.equal(rows[view.history[0].rows], chosen.rows[:there])
    assert torch.equal(view.history[0].trace, chosen.trace[:there])
    known, labels = pool.validation
    with_text = pool.observed[known, 1]
    assert torch.equal(rows[view.validation.rows], known[with_text])
    assert torch.equal(view.validation.labels, labels[with_text])


def test_without_validation_labels_it_is_refused(make_pool):
    shape = TaskShape({"image": (3,), "text": (4,)}, 3)
    assert RlMba().supports(shape, CAPABLE) is None
    why = RlMba().supports(shape, CAPABLE - {"validation"})
    assert "write budget.validation, for example 100" in why
    with pytest.raises(LookupError, match="the pool has none"):
        RlMba().select(make_pool(seed=0), 5, np.random.default_rng(0))


def test_the_lite_score_weighs_by_validation_accuracy_where_it_can(make_pool):
    pool = make_pool(seed=6, modalities=2, validation=40, labelled=40, gaps=0.0)
    as_labelled = replace(
        pool, labelled=pool.validation.rows, labels=pool.validation.labels, validation=NOTHING
    )
    seen = rl_mba_lite._advantages(pool)
    assert torch.equal(seen, rl_mba_lite._advantages(as_labelled))
    assert not torch.equal(seen, rl_mba_lite._advantages(replace(pool, validation=NOTHING)))
