"""Balanced training: unimodal losses that train, and networks trained apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from combinations import SHAPES, SMALL, fleet_of, rows_of
from literal import layer

from mindgap.learners import Concat, Fleet, Row, Samples, Ume, predict
from mindgap.seeding import stream
from mindgap.tasks import TaskShape


def test_unimodal_losses_reach_the_encoders_only_on_request():
    shape = SHAPES["vectors"]
    fleet, labels = fleet_of(Concat(**SMALL), shape)
    network, rows = fleet.network, rows_of(labels, 2)
    plain = fleet.fit(rows)
    weighted, _ = fleet_of(Concat(unimodal_weight=1.0, **SMALL), shape)
    trained = weighted.fit(rows)
    assert network.shapes == weighted.network.shapes
    assert not torch.allclose(plain["a.encoder1.weight"], trained["a.encoder1.weight"])


@pytest.mark.parametrize("kind", ["vectors", "three"])
def test_an_ensemble_is_unimodal_networks_trained_apart(kind):
    """One modality at a time: a network of its own, batches of those that have the modality."""
    shape = SHAPES[kind]
    learner = Ume(**{**SMALL, "dropout": 0.0})
    fleet, labels = fleet_of(learner, shape)
    rows = rows_of(labels, 2)
    found = fleet.fit(rows)
    for r, row in enumerate(rows):
        for m, name in enumerate(shape.modalities):
            for key, value in apart(fleet, row, m, name).items():
                np.testing.assert_allclose(found[key][r], value, atol=5e-5, rtol=0, err_msg=key)


def apart(fleet, row, m, name):
    learner, n_classes = fleet.learner, fleet.network.n_classes
    drawn = fleet.network.initial(stream("init", *row.key))
    p = {k: torch.tensor(v).requires_grad_() for k, v in drawn.items() if k.startswith(f"{name}.")}
    optimiser = torch.optim.AdamW(
        p.values(), lr=learner.learning_rate, weight_decay=learner.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=learner.steps)
    n, size = len(row.labelled), learner.batch
    passes = np.tile(np.arange(n), (-(-learner.steps * size // n), 1))
    order = stream("batches", *row.key).permuted(passes, axis=1).ravel()
    for step in range(learner.steps):
        chosen = torch.from_numpy(order[step * size : (step + 1) * size])
        rows = row.labelled[chosen] + fleet.offsets[row.samples]
        there = fleet.samples.mask()[rows, m]
        x, target = fleet.samples.inputs[name][rows][there], row.labels[chosen][there]
        losses = []
        for one, label in zip(x, target, strict=True):
            hidden = layer(p, f"{name}.encoder1", one).relu()
            z = layer(p, f"{name}.encoder2", hidden).relu()
            losses.append(-layer(p, f"{name}.head", z)[:n_classes].log_softmax(0)[label])
        loss = torch.stack(losses).mean() if losses else 0 * sum(v.sum() for v in p.values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return {k: v.detach().numpy() for k, v in p.items()}


@pytest.mark.parametrize("absent", ["token", "zero"])
def test_an_ensemble_averages_the_logits_of_what_is_there(absent):
    fleet, labels = fleet_of(Ume(**SMALL), SHAPES["three"])
    parameters = fleet.fit(rows_of(labels, 2))
    network, samples = fleet.network, fleet.samples.slice(0, 40)
    inputs = {name: x.expand(2, *x.shape) for name, x in samples.inputs.items()}
    observed = samples.mask().expand(2, -1, -1)
    encoded = network.encode(parameters, inputs)
    output = network.fuse(parameters, encoded, observed, absent)
    own = torch.stack(list(output.unimodal_logits.values()), dim=2)
    there = observed[..., None].double()
    if absent == "zero":
        biases = [parameters[f"{name}.head.bias"][:, None, :5] for name in inputs]
        blank = torch.stack(biases, dim=2)
        expected = torch.where(observed[..., None], own, blank).mean(dim=2)
    else:
        expected = ((own * there).sum(dim=2) / there.sum(dim=2)).float()
    torch.testing.assert_close(output.logits, expected, atol=1e-5, rtol=1e-5)


def test_dropout_acts_on_each_network_of_an_ensemble():
    learner = Ume(**{**SMALL, "steps": 1})
    fleet, labels = fleet_of(replace(learner, dropout=0.6), SHAPES["vectors"])
    plain, _ = fleet_of(replace(learner, dropout=0.0), SHAPES["vectors"])
    rows = rows_of(labels, 1)
    one, other = fleet.fit(rows), plain.fit(rows)
    for name in ("a", "b"):
        key = f"{name}.head.weight"
        assert not torch.equal(one[key], other[key]), key


def test_redundant_modalities_survive_in_an_ensemble():
    """Joint training neglects the harder of two modalities that tell the same, an ensemble not."""
    g = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (900,), generator=g)
    signs = 2.0 * labels - 1
    half = 2.0 * torch.randint(2, (900,), generator=g) - 1
    easy = torch.randn(900, 8, generator=g) * 0.3
    hard = torch.randn(900, 8, generator=g) * 0.3
    easy[:, 0] += 1.5 * signs
    hard[:, 0] += half  # the class is the parity of two signs inside the modality
    hard[:, 1] += half * signs
    shape = TaskShape({"easy": (8,), "hard": (8,)}, 2)
    pool = Samples({"easy": easy[:500], "hard": hard[:500]}, None)
    gap = torch.tensor([[False, True]]).expand(400, -1)
    test = Samples({"easy": easy[500:], "hard": hard[500:]}, gap)
    alone = {}
    for learner in (Concat(), Concat(unimodal_weight=1.0), Concat(modality_dropout=0.5), Ume()):
        learner = replace(learner, steps=150, weight_decay=1e-3)
        network = learner.network(shape)
        row = Row(("redundant", 0), 0, torch.arange(500), labels[:500])
        parameters = Fleet(learner, network, [pool]).fit([row])
        answer = predict(network, parameters, test, {"probabilities"})["probabilities"][0]
        right = (answer.argmax(dim=1) == labels[500:]).double().mean()
        alone[len(alone)] = float(right)
    joint, weighted, dropped, ensemble = alone.values()
    assert joint < 0.8 < ensemble
    assert weighted > joint
    assert dropped > 0.8
