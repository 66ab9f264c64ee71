"""Handlers of missing modalities: what they tell apart, what they never read, what they refuse."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from combinations import HANDLERS, LEARNERS, SHAPES, SMALL, combinations, fleet_of, pools, rows_of
from scipy.stats import chisquare

from mindgap.errors import MindgapError
from mindgap.learners import Concat, Fleet, Late, Row, Samples, Ume, predict
from mindgap.learners.missing import thinned

EVERY = {**combinations(), "Ume": Ume(**SMALL)}


@pytest.mark.parametrize("name", EVERY)
def test_a_valid_input_of_zeros_and_a_missing_one_are_told_apart(name):
    """By every handler: `zero` by its column, the others since zeros have an embedding."""
    learner = replace(EVERY[name], steps=40, width=16, feature=12)
    if hasattr(learner, "hidden"):  # wide enough that it doesn't die
        learner = replace(learner, hidden=32)
    found = zeros_and_a_gap(*fleet_of(learner, SHAPES["vectors"]))
    assert (found[:, 0] - found[:, 1]).abs().amax(dim=1).min() > 1e-4


def zeros_and_a_gap(fleet, labels, change=dict):
    """Probabilities of two trained runs for the same input of `a` and zeros or nothing of `b`."""
    parameters = change(fleet.fit(rows_of(labels, 2)))
    a = torch.randn(1, 5, generator=torch.Generator().manual_seed(0)).expand(2, -1)
    mask = torch.tensor([[True, True], [True, False]])
    samples = Samples({"a": a, "b": torch.zeros(2, 7)}, mask)
    return predict(fleet.network, parameters, samples, {"probabilities"})["probabilities"]


def test_only_the_column_tells_zeros_from_a_gap_where_zeros_are_filled_in():
    """`zero` by its definition: with the column's weights at nothing, they are the same."""

    def without_columns(parameters):
        weight = parameters["hidden.weight"].clone()
        weight[:, [6, 13]] = 0  # features are 6 wide, the column comes after them
        return {**parameters, "hidden.weight": weight}

    fleet, labels = fleet_of(combinations()["Concat-zero"], SHAPES["vectors"])
    found = zeros_and_a_gap(fleet, labels, without_columns)
    torch.testing.assert_close(found[:, 0], found[:, 1])


@pytest.mark.parametrize("name", EVERY)
def test_what_is_missing_is_never_read(name):
    learner = EVERY[name]
    fleet, labels = fleet_of(learner, SHAPES["three"])
    gaps = ~fleet.samples.mask()
    before = fleet.fit(rows_of(labels, 4))
    answers = predict(fleet.network, before, fleet.samples, {"probabilities"})
    for m, x in enumerate(fleet.samples.inputs.values()):
        x[gaps[:, m]] = 1e3
    after = fleet.fit(rows_of(labels, 4))
    for key in before:
        assert torch.equal(before[key], after[key]), key
    again = predict(fleet.network, after, fleet.samples, {"probabilities"})
    assert torch.equal(answers["probabilities"], again["probabilities"])


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
@pytest.mark.parametrize("missing", HANDLERS)
def test_what_makes_no_sense_is_refused_before_any_work(learner, missing):
    asked = replace(learner, missing=missing)
    name, shape = type(asked).__name__, SHAPES["vectors"]
    concatenates = name in ("Concat", "ConcatLinear")
    refused = (missing == "experts" and name != "Late") or (missing == "masked" and concatenates)
    why = asked.supports(shape)
    assert (why is not None) == refused
    if refused:
        assert f"missing={missing}" in why
        with pytest.raises(MindgapError, match=f"missing={missing}"):
            asked.network(shape)


def test_regression_needs_a_second_modality():
    assert "only one" in Concat(missing="regression").supports(SHAPES["one"])


@pytest.mark.parametrize("name", ["Attention", "Bottleneck"])
def test_heads_share_the_features_evenly(name):
    learner = replace(combinations()[f"{name}-masked"], feature=8)
    assert "3 heads can't share feature=8" in learner.supports(SHAPES["vectors"])


def test_complete_cases_are_all_that_trains():
    """The run with gaps learns what a run learns whose labelled set has no others."""
    learner = Concat(missing="complete", **SMALL)
    (samples,), (labels,) = pools(SHAPES["vectors"], count=1)
    fleet = Fleet(learner, learner.network(SHAPES["vectors"]), [samples])
    whole = samples.mask()[:20].all(dim=1).nonzero().flatten()
    assert 2 <= len(whole) < 20
    key = ("family", 0)
    found = fleet.fit([Row(key, 0, torch.arange(20), labels[:20])])
    alone = fleet.fit([Row(key, 0, whole, labels[whole])])
    for name in found:
        assert torch.equal(found[name], alone[name]), name
    labels = labels.clone()
    labels[~samples.mask().all(dim=1)] = 0
    changed = fleet.fit([Row(key, 0, torch.arange(20), labels[:20])])
    for name in found:
        assert torch.equal(found[name], changed[name]), name


def test_a_run_without_complete_cases_fails_by_name():
    learner = Concat(missing="complete", **SMALL)
    (samples,), (labels,) = pools(SHAPES["vectors"], count=1)
    fleet = Fleet(learner, learner.network(SHAPES["vectors"]), [samples])
    gappy = (~samples.mask().all(dim=1)).nonzero().flatten()[:4]
    rows = [
        Row(("fine", 1), 0, torch.arange(20), labels[:20]),
        Row(("gappy", 2), 0, gappy, labels[gappy]),
    ]
    assert fleet.refuses(rows[0]) is None
    assert "none of its 4 labelled samples has every modality" in fleet.refuses(rows[1])
    with pytest.raises(MindgapError, match=r"run \('gappy', 2\): none of its 4"):
        fleet.fit(rows)
    token = Concat(**SMALL)
    assert Fleet(token, token.network(SHAPES["vectors"]), [samples]).refuses(rows[1]) is None


@pytest.mark.parametrize("seed", range(3))
def test_modality_dropout_takes_one_of_several_and_never_the_last(seed):
    rng = np.random.default_rng(seed)
    noise = torch.from_numpy(rng.random((1, 9000, 4)))
    patterns = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 1, 0], [1, 1, 0]], dtype=torch.bool)
    observed = patterns.repeat(2250, 1)[None]
    kept = thinned(observed, noise, 0.3)
    assert not (kept & ~observed).any()
    assert kept.any(dim=2).all()
    lost = observed & ~kept
    assert lost.sum(dim=2).max() == 1
    for number, pattern in enumerate(patterns):
        times = lost[0, number::4].sum(dim=0)
        several = pattern.sum() > 1
        assert (times[~pattern] == 0).all()
        if not several:
            assert times.sum() == 0
            continue
        assert abs(times.sum() / 2250 - 0.3) < 4 * (0.3 * 0.7 / 2250) ** 0.5
        assert chisquare(times[pattern].numpy()).pvalue > 1e-4
    assert torch.equal(thinned(observed, noise, 0.0), observed)


def test_modality_dropout_is_for_training_only_and_keyed_by_run():
    learner = Concat(modality_dropout=0.5, dropout=0.0, **SMALL)
    fleet, labels = fleet_of(learner, SHAPES["vectors"], gaps=False)
    rows = rows_of(labels, 2)
    found = fleet.fit(rows)
    assert found["a.token"].any(), "complete data have gaps in training now"
    plain = Concat(dropout=0.0, **SMALL)
    samples = fleet.samples.slice(0, 40)
    want = {"probabilities"}
    answer = predict(fleet.network, found, samples, want)["probabilities"]
    again = predict(plain.network(SHAPES["vectors"]), found, samples, want)["probabilities"]
    assert torch.equal(answer, again)
    other = [replace(row, key=(*row.key, "again")) for row in rows]
    initial = fleet.network.initial
    fleet.network.initial = lambda rng: initial(np.random.default_rng(0))
    assert not torch.equal(fleet.fit(rows)["a.token"], fleet.fit(other)["a.token"])


def test_product_of_experts_and_masked_mean_differ():
    shape = SHAPES["vectors"]
    fleets = [fleet_of(Late(missing=missing, **SMALL), shape) for missing in ("masked", "experts")]
    found = []
    for fleet, labels in fleets:
        parameters = fleet.fit(rows_of(labels, 1))
        found.append(predict(fleet.network, parameters, fleet.samples, {"probabilities"}))
    assert not torch.allclose(found[0]["probabilities"], found[1]["probabilities"])
