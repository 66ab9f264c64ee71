"""Monte-Carlo dropout: what a pass is, where its masks come from, and what they don't depend on."""

import sys

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from mindgap.errors import MindgapError
from mindgap.learners import Concat, ConcatLinear, Fleet, Row, Samples, chunks, predict
from mindgap.learners.chunks import CHUNK
from mindgap.learners.predict import PASSES
from mindgap.seeding import stream
from mindgap.tasks import TaskShape

PREDICT = sys.modules["mindgap.learners.predict"]  # the function hides the module
WANT = {"mc_probabilities"}
KEYS = [("family", "learner", seed, 0, 0) for seed in range(3)]


def trained(learner, n=60, gaps=0.3, seed=0):
    """Three runs of a few steps, and samples to ask about."""
    g = torch.Generator().manual_seed(seed)
    shape = TaskShape({"a": (5,), "b": (7,)}, 3)
    observed = torch.rand(n, 2, generator=g) >= gaps
    observed[~observed.any(dim=1), 0] = True
    inputs = {"a": torch.randn(n, 5, generator=g), "b": torch.randn(n, 7, generator=g)}
    samples = Samples(inputs, observed)
    labels = torch.randint(3, (n,), generator=g)
    fleet = Fleet(learner, learner.network(shape), [samples])
    rows = [Row(key, 0, torch.arange(20), labels[:20]) for key in KEYS]
    return fleet.network, fleet.fit(rows), samples


def passes_of(network, parameters, samples, keys=KEYS):
    return predict(network, parameters, samples, WANT, keys)["mc_probabilities"]


LEARNERS = [Concat(steps=20, dropout=0.4), ConcatLinear(steps=20, dropout=0.4)]


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_pass_is_the_whole_network_with_one_mask_for_all_samples(learner):
    """By `fuse` with dropout, as in training, and a mask drawn from the run's own stream."""
    network, parameters, samples = trained(learner)
    found = passes_of(network, parameters, samples)
    assert found.shape == (3, PASSES, 60, 3)
    inputs = {name: x.expand(3, *x.shape) for name, x in samples.inputs.items()}
    encoded = network.encode(parameters, inputs)
    for t in range(PASSES):
        masks = []
        for key in KEYS:
            drawn = stream("passes", *key).random((PASSES, network.dropout_width), np.float32)
            masks.append(torch.from_numpy((drawn[t] >= 0.4).astype(np.float32)) / 0.6)
        dropout = torch.stack(masks)[:, None].expand(-1, 60, -1)
        output = network.fuse(
            parameters, encoded, samples.mask().expand(3, -1, -1), dropout=dropout
        )
        torch.testing.assert_close(found[:, t], output.logits.softmax(dim=2))
    assert torch.allclose(found.sum(dim=3), torch.tensor(1.0))


def test_passes_and_runs_differ():
    network, parameters, samples = trained(LEARNERS[0])
    found = passes_of(network, parameters, samples)
    assert len({tuple(found[0, t].flatten().tolist()) for t in range(PASSES)}) == PASSES
    same = {name: value[:1].expand_as(value) for name, value in parameters.items()}
    runs = passes_of(network, same, samples)
    assert not torch.equal(runs[0], runs[1]), "each run has masks of its own"


def test_a_run_keeps_its_bits_in_other_company():
    network, parameters, samples = trained(LEARNERS[0])
    together = passes_of(network, parameters, samples)
    for members in ([1], [2, 0], [1, 1, 2]):
        part = {name: value[members] for name, value in parameters.items()}
        again = passes_of(network, part, samples, [KEYS[i] for i in members])
        assert torch.equal(again, together[members])


@pytest.mark.parametrize("chunk", [1, 2, 7, 59, 60])
def test_chunks_change_nothing(monkeypatch, chunk):
    network, parameters, samples = trained(LEARNERS[0])
    whole = passes_of(network, parameters, samples)
    monkeypatch.setattr(chunks, "CHUNK", chunk)
    torch.testing.assert_close(passes_of(network, parameters, samples), whole)


def test_a_sample_in_another_place_gets_the_same_answer():
    network, parameters, samples = trained(LEARNERS[0], n=CHUNK + 20)
    order = torch.randperm(CHUNK + 20, generator=torch.Generator().manual_seed(1))
    moved = Samples({name: x[order] for name, x in samples.inputs.items()}, samples.observed[order])
    found, again = (passes_of(network, parameters, s) for s in (samples, moved))
    torch.testing.assert_close(again, found[:, :, order])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_masks_drop_as_often_as_the_learner_says(rate):
    learner = Concat(steps=1, hidden=400, dropout=rate)
    network = learner.network(TaskShape({"a": (5,)}, 3))
    parameters = {"any": torch.zeros(40, 1)}
    keys = [("f", "l", seed, 0, 0) for seed in range(40)]
    masks = PREDICT._masks(network, parameters, keys)
    assert masks.shape == (40, PASSES, 400)
    assert set(masks.unique().tolist()) == {0.0, float(np.float32(1) / np.float32(1 - rate))}
    dropped = int((masks == 0).sum())
    expected = [masks.numel() * rate, masks.numel() * (1 - rate)]
    assert chisquare([dropped, masks.numel() - dropped], expected).pvalue > 0.001


def test_without_dropout_there_are_no_passes():
    network, parameters, samples = trained(Concat(steps=2, dropout=0.0))
    with pytest.raises(MindgapError, match="need a learner with dropout"):
        passes_of(network, parameters, samples)


def test_keys_must_be_as_many_as_runs():
    network, parameters, samples = trained(LEARNERS[0])
    with pytest.raises(ValueError, match="of 3 runs need as many keys, not 0"):
        predict(network, parameters, samples, WANT)


@pytest.mark.parametrize("learner", [Concat, ConcatLinear])
def test_stochastic_is_a_matter_of_the_instance(learner):
    assert "stochastic" in learner().capabilities
    assert "stochastic" in learner(dropout=0.001).capabilities
    assert "stochastic" not in learner(dropout=0.0).capabilities
    assert "unimodal_heads" in learner(dropout=0.0).capabilities
    assert ("linear_head" in learner(dropout=0.0).capabilities) == (learner is ConcatLinear)


def test_more_passes_come_closer_to_the_mean_over_all_masks(monkeypatch):
    """With three units all eight masks can be written out."""
    learner = ConcatLinear(steps=20, feature=3, dropout=0.3)
    network = learner.network(TaskShape({"a": (5,)}, 3))
    g = torch.Generator().manual_seed(0)
    samples = Samples({"a": torch.randn(6, 5, generator=g)}, None)
    fleet = Fleet(learner, network, [samples])
    parameters = fleet.fit([Row(KEYS[0], 0, torch.arange(6), torch.tensor([0, 1, 2] * 2))])
    z = predict(network, parameters, samples, {"embeddings"})["embeddings"]
    exact = torch.zeros(6, 3)
    for bits in range(8):
        kept = torch.tensor([(bits >> i) & 1 for i in range(3)]).float()
        chance = float((0.7**kept * 0.3 ** (1 - kept)).prod())
        logits = network.head(parameters, z * kept / 0.7, None)
        exact += chance * logits[0].softmax(dim=1)
    monkeypatch.setattr(PREDICT, "PASSES", 5_000)
    found = passes_of(network, parameters, samples, KEYS[:1])[0].mean(dim=0)
    torch.testing.assert_close(found, exact, atol=0.02, rtol=0)
