"""Every fusion and handler says what its formula says, sample by sample."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from combinations import SHAPES, SMALL, combinations, fleet_of, rows_of
from literal import forward, layer, train

from mindgap.learners import (
    Attention,
    Bottleneck,
    Concat,
    ConcatLinear,
    Fleet,
    Gated,
    Late,
    LowRank,
    Row,
    Samples,
    Ume,
    predict,
)
from mindgap.tasks import TaskShape


def stacked(learner, shape, runs=2, n=6, seed=0):
    """Parameters without any zero, inputs, and a mask with every kind of row."""
    network = learner.network(shape)
    rng = np.random.default_rng(seed)
    initial = network.initial(rng)
    parameters = {
        name: torch.from_numpy(rng.normal(size=(runs, *value.shape)).astype("f4") / 2)
        for name, value in initial.items()
    }
    labels = torch.from_numpy(rng.integers(shape.n_classes, size=20))
    constants = network.constants(labels, rng)
    parameters |= {name: torch.tensor(np.stack([v] * runs)) for name, v in constants.items()}
    inputs = {
        name: torch.from_numpy(rng.normal(size=(runs, n, *size)).astype("f4"))
        for name, size in shape.modalities.items()
    }
    observed = torch.from_numpy(rng.random((runs, n, len(shape.modalities))) < 0.6)
    observed[:, 0], observed[:, 1] = True, False  # the empty set is legal as a question
    return network, parameters, inputs, observed


CASES = [
    (f"{kind}-{name}", learner, shape)
    for kind, shape in SHAPES.items()
    for name, learner in combinations(shape).items()
]
CASES += [
    (f"normed-{name}", replace(combinations(SHAPES["mixed"])[name], norm="layer"), SHAPES["mixed"])
    for name in ("Concat-token", "Attention-masked", "Bottleneck-zero")
]


@pytest.mark.parametrize("absent", ["token", "zero"])
@pytest.mark.parametrize(("learner", "shape"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_agrees_with_the_formula(learner, shape, absent):
    network, parameters, inputs, observed = stacked(learner, shape)
    encoded = network.encode(parameters, inputs)
    output = network.fuse(parameters, encoded, observed, absent)
    for r in range(observed.shape[0]):
        p = {name: value[r].double() for name, value in parameters.items()}
        for b in range(observed.shape[1]):
            x = {name: value[r, b].double() for name, value in inputs.items()}
            there = dict(zip(x, observed[r, b].tolist(), strict=True))
            logits, embedding, z = forward(learner, p, shape, x, there, absent)
            same(output.embedding[r, b], embedding)
            same(output.logits[r, b].log_softmax(0), logits.log_softmax(0))
            for name in x:
                own = layer(p, f"{name}.head", z[name])[: shape.n_classes]
                same(output.unimodal_logits[name][r, b], own)


def same(found, expected):
    torch.testing.assert_close(found.double(), expected.double(), atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize(("learner", "shape"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_mask_of_what_is_all_there_changes_nothing(learner, shape):
    network, parameters, inputs, observed = stacked(learner, shape)
    encoded = network.encode(parameters, inputs)
    without = network.fuse(parameters, encoded, None)
    masked = network.fuse(parameters, encoded, torch.ones_like(observed))
    assert torch.equal(without.logits, masked.logits)
    assert torch.equal(without.embedding, masked.embedding)


@pytest.mark.parametrize(
    "learner", [*combinations().values(), Ume(**SMALL)], ids=[*combinations(), "Ume"]
)
def test_the_head_alone_gives_the_logits(learner):
    """What Monte-Carlo passes rely on: embedding and mask are all that the head needs."""
    network, parameters, inputs, observed = stacked(learner, SHAPES["vectors"])
    for mask in (observed, None):
        output = network.fuse(parameters, network.encode(parameters, inputs), mask)
        again = network.head(parameters, output.embedding, mask)
        torch.testing.assert_close(again, output.logits)
        assert output.embedding.shape[2] == network.dropout_width


LINEAR = [
    (name, learner)
    for name, learner in combinations().items()
    if "linear_head" in learner.capabilities
]


def test_linear_heads_are_those_of_concat_linear_and_late():
    assert {name.partition("-")[0] for name, _ in LINEAR} == {"ConcatLinear", "Late"}
    assert "linear_head" in Ume().capabilities


@pytest.mark.parametrize(
    "learner", [*[learner for _, learner in LINEAR], Ume(**SMALL)], ids=[*dict(LINEAR), "Ume"]
)
def test_a_linear_head_is_linear_in_the_unimodal_embeddings(learner):
    network, parameters, inputs, observed = stacked(learner, SHAPES["vectors"])
    output = network.fuse(parameters, network.encode(parameters, inputs), observed)
    joint = torch.cat(list(output.unimodal_embeddings.values()), dim=2)
    assert torch.equal(joint, output.embedding)
    zero = network.head(parameters, torch.zeros_like(joint), observed)
    halves = network.head(parameters, joint / 2, observed)
    torch.testing.assert_close(output.logits - zero, 2 * (halves - zero), atol=1e-4, rtol=1e-4)


def test_experts_multiply_probabilities():
    """p(y | x) is the product of the experts' p over the prior, for each pattern."""
    learner, shape = Late(missing="experts", **SMALL), SHAPES["three"]
    network, parameters, inputs, observed = stacked(learner, shape)
    encoded = network.encode(parameters, inputs)
    probabilities = network.fuse(parameters, encoded, observed).logits.softmax(dim=2)[0]
    prior = parameters["log_prior"][0].exp()
    assert prior.sum() == pytest.approx(1)
    for b, there in enumerate(observed[0].tolist()):
        product = prior.clone()
        for (name, z), seen in zip(encoded.items(), there, strict=True):
            if seen:
                p = {key: value[0] for key, value in parameters.items()}
                expert = layer(p, f"{name}.expert", z[0, b])[: shape.n_classes].softmax(0)
                product = product * expert / prior
        torch.testing.assert_close(probabilities[b], product / product.sum())


def test_the_prior_of_experts_is_of_the_labelled_set():
    network = Late(missing="experts", **SMALL).network(SHAPES["vectors"])
    (log_prior,) = network.constants(torch.tensor([0, 0, 1, 0]), np.random.default_rng(0)).values()
    np.testing.assert_allclose(np.exp(log_prior), [4 / 7, 2 / 7, 1 / 7], rtol=1e-6)


def test_a_gate_of_two_is_a_sigmoid():
    learner = combinations()["Gated-masked"]
    network, parameters, inputs, _ = stacked(learner, SHAPES["vectors"])
    p = {name: value[0].double() for name, value in parameters.items()}
    encoded = network.encode(parameters, inputs)
    found = network.fuse(parameters, encoded, None).embedding[0]
    for b in range(len(found)):
        a, c = (encoded[name][0, b].double() for name in ("a", "b"))
        first, second = layer(p, "gate", torch.cat([a, c])).chunk(2)
        gate = torch.sigmoid(first - second)
        h = gate * layer(p, "a.value", a).tanh() + (1 - gate) * layer(p, "b.value", c).tanh()
        same(found[b], h)


# what is trained together: the loop itself, with every option on
LOOPS = [
    ("Concat-token", {"modality_dropout": 0.5, "unimodal_weight": 0.7}),
    ("Concat-regression", {"modality_dropout": 0.5}),
    ("ConcatLinear-zero", {"unimodal_weight": 2.0}),
    ("Late-experts", {"modality_dropout": 0.5}),
    ("Late-masked", {}),
    ("Gated-complete", {}),
    ("LowRank-masked", {"modality_dropout": 0.9}),
    ("Attention-masked", {"unimodal_weight": 0.7}),
    ("Bottleneck-token", {}),
    ("Concat-zero", {"norm": "layer"}),
]


@pytest.mark.parametrize("kind", ["vectors", "three"])
@pytest.mark.parametrize(("name", "options"), LOOPS, ids=[name for name, _ in LOOPS])
def test_training_agrees_with_a_literal_loop(name, options, kind):
    shape = SHAPES[kind]
    learner = replace(combinations(shape)[name], dropout=0.3, **options)
    fleet, labels = fleet_of(learner, shape)
    rows = rows_of(labels, 2)
    found = fleet.fit(rows)
    for r, row in enumerate(rows):
        samples = fleet.samples.slice(fleet.offsets[row.samples], fleet.offsets[row.samples] + 40)
        for key, value in train(learner, shape, fleet.network, samples, row).items():
            ours, theirs = np.asarray(found[key][r]), np.asarray(value)
            if key == "attention.bias":
                # The keys' bias changes no softmax; its gradient is noise, which Adam makes large.
                keys = slice(len(ours) // 3, 2 * len(ours) // 3)
                ours, theirs = np.delete(ours, keys), np.delete(theirs, keys)
            np.testing.assert_allclose(ours, theirs, atol=5e-5, rtol=0, err_msg=key)


def accuracy_on_xor(learner):
    """Of the parity of two signs, each carried by a modality of its own."""
    shape = TaskShape({"a": (2,), "b": (2,)}, 2)
    g = torch.Generator().manual_seed(1)
    signs = torch.randint(2, (600, 2), generator=g)
    inputs = {
        name: (2.0 * signs[:, m, None] - 1) + 0.3 * torch.randn(600, 2, generator=g)
        for m, name in enumerate(shape.modalities)
    }
    labels = signs.sum(dim=1) % 2
    network = learner.network(shape)
    pool = Samples({name: x[:300] for name, x in inputs.items()}, None)
    test = Samples({name: x[300:] for name, x in inputs.items()}, None)
    row = Row(("xor", 0), 0, torch.arange(300), labels[:300])
    parameters = Fleet(learner, network, [pool]).fit([row])
    answer = predict(network, parameters, test, {"probabilities"})["probabilities"][0]
    return float((answer.argmax(dim=1) == labels[300:]).double().mean())


@pytest.mark.parametrize(
    "learner",
    [ConcatLinear(steps=150), Late(steps=150), Late(steps=150, missing="experts"), Ume(steps=150)],
    ids=["ConcatLinear", "Late", "Late-experts", "Ume"],
)
def test_additive_fusions_cannot_learn_parity(learner):
    assert accuracy_on_xor(learner) < 0.65


@pytest.mark.parametrize("learner", [Concat, Gated, LowRank, Attention, Bottleneck])
def test_other_fusions_learn_parity(learner):
    assert accuracy_on_xor(learner(steps=150)) > 0.95
