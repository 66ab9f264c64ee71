"""The fleet's two promises, and its agreement with a plain sequential loop."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.learners import Concat, ConcatLinear, Fleet, Row, Samples, predict
from mindgap.learners.adamw import AdamW
from mindgap.learners.fleet import BANK, _cross_entropy
from mindgap.seeding import stream
from mindgap.strategies import SERVED
from mindgap.tasks import TaskShape
from mindgap.tasks.subsets import subsets

# (d, width, feature, hidden, classes, batch): odd ones, since those moved bits before
SIZES = [
    (32, 64, 32, 64, 4, 64),
    (5, 17, 9, 31, 5, 13),
    (7, 33, 5, 17, 3, 33),
    (31, 5, 31, 5, 17, 1),
    (33, 65, 17, 31, 5, 1),
]


def make(size, seed, pools=3, gaps=True, n=60, learner=Concat, **settings):
    d, width, feature, hidden, classes, batch = size
    g = torch.Generator().manual_seed(seed)
    settings = {"steps": 12, "width": width, "feature": feature, "batch": batch, **settings}
    if learner is Concat:
        settings["hidden"] = hidden
    chosen = learner(**settings)
    shape = TaskShape({"a": (d,), "b": (d + 2,)}, classes)
    samples, labels = [], []
    for pool in range(pools):
        observed = None
        if gaps and pool != 1:  # a fleet may mix complete and incomplete pools
            observed = torch.rand(n, 2, generator=g) > 0.3
            observed[~observed.any(1), 0] = True
        inputs = {
            "a": torch.randn(n, d, generator=g),
            "b": torch.randn(n, d + 2, generator=g),
        }
        samples.append(Samples(inputs, observed))
        labels.append(torch.randint(classes, (n,), generator=g))
    fleet = Fleet(chosen, chosen.network(shape), samples)
    return fleet, labels


def rows_of(labels, count):
    rows = []
    for r in range(count):
        labelled = torch.arange(10 + r % 4)  # counts may differ inside a fleet
        rows.append(
            Row(("family", "learner", r, 0, r % 3), r % 3, labelled, labels[r % 3][labelled])
        )
    return rows


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("learner", [Concat, ConcatLinear])
def test_bits_do_not_depend_on_company(size, learner):
    fleet, labels = make(size, seed=0, learner=learner)
    rows = rows_of(labels, 120)
    together = fleet.fit(rows)
    want = set(SERVED)
    keys = [row.key for row in rows]
    answers = predict(fleet.network, together, fleet.samples.slice(0, 60), want, keys)
    for company in ([0], [77], [119], [5, 3], [50, 1, 2, 3, 99, 7, 20], list(range(119, -1, -1))):
        alone = fleet.fit([rows[i] for i in company])
        for name in together:
            assert torch.equal(alone[name], together[name][company]), (name, company)
        own = [keys[i] for i in company]
        again = predict(fleet.network, alone, fleet.samples.slice(0, 60), want, own)
        assert_same_bits(again, answers, company)


def assert_same_bits(some, every, company):
    for key, value in some.items():
        if isinstance(value, dict):
            assert_same_bits(value, every[key], company)
        elif key == "head":
            for r, i in enumerate(company):
                z = some["embeddings"][r]
                rows = torch.arange(len(z))
                assert torch.equal(value[r](z, rows), every[key][i](z, rows)), key
        elif key in ("recombined", "mc_recombined"):
            rows = torch.arange(some["embeddings"].shape[1])
            sources = torch.stack(
                [rows.roll(m) for m in range(len(some["unimodal_embeddings"]))], 1
            )
            for r, i in enumerate(company[:2]):
                assert torch.equal(value[r](sources), every[key][i](sources)), key
        else:
            # NaN marks modalities that aren't observed
            assert torch.equal(value.nan_to_num(9.0), every[key][company].nan_to_num(9.0)), key


@pytest.mark.parametrize("n", [1, 513])
def test_bits_do_not_depend_on_company_for_a_last_lone_sample(n):
    fleet, labels = make((33, 65, 17, 31, 5, 13), seed=0, n=520, pools=1)
    row = rows_of(labels * 3, 3)[0]
    parameters = fleet.fit([row] * 3)
    samples = fleet.samples.slice(0, n)
    answers = predict(fleet.network, parameters, samples, set(SERVED), [row.key] * 3)
    alone = {name: value[2:] for name, value in parameters.items()}
    again = predict(fleet.network, alone, samples, set(SERVED), [row.key])
    assert_same_bits(again, answers, [2])


def test_bits_do_not_depend_on_the_other_pools():
    fleet, labels = make(SIZES[1], seed=1)
    rows = rows_of(labels, 6)
    one_pool = Fleet(fleet.learner, fleet.network, [pool_of(fleet, 1)])
    moved = Row(rows[1].key, 0, rows[1].labelled, rows[1].labels)
    alone, together = one_pool.fit([moved]), fleet.fit(rows)
    for name in together:
        assert torch.equal(alone[name][0], together[name][1]), name


def pool_of(fleet, number):
    start = fleet.offsets[number]
    part = fleet.samples.slice(start, start + 60)
    return Samples(part.inputs, None)  # pool 1 has no gaps: its mask was added by the stack


@pytest.mark.parametrize("balance", ["none", "gblend", "ogm_ge"])
def test_bits_do_not_depend_on_the_blocks(balance, monkeypatch):
    """Rows that train at once, and how many blocks there are."""
    fleet, labels = make(SIZES[1], seed=1, balance=balance, dropout=0.1, members=2)
    rows = rows_of(labels, 7)
    assert fleet._blocks(14) == [slice(0, 14)]
    whole = fleet.fit(rows)
    monkeypatch.setattr("mindgap.learners.fleet.BLOCK", 0)
    monkeypatch.setattr("mindgap.learners.fleet.FEWEST", 4)
    assert [block.stop - block.start for block in fleet._blocks(14)] == [3, 4, 3, 4]
    for name, value in fleet.fit(rows).items():
        assert torch.equal(value, whole[name]), name


@pytest.mark.parametrize("classes", [2, 4, 17])
def test_cross_entropy_and_its_gradient_are_those_of_double_precision(classes):
    g = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(3, 7, classes + 2, generator=g)
    labels = torch.randint(classes, (3, 7), generator=g)

    def literal(z):
        samples = z[..., :classes].flatten(0, 1)
        true = labels.flatten().tolist()
        each = [one.exp().sum().log() - one[y] for one, y in zip(samples, true, strict=True)]
        return torch.stack(each).view(3, 7)

    mine, theirs = logits.requires_grad_(), logits.detach().double().requires_grad_()
    ours, reference = _cross_entropy(mine[..., :classes], labels), literal(theirs)
    torch.testing.assert_close(ours.double(), reference, atol=1e-5, rtol=1e-6)
    (slope,) = torch.autograd.grad(ours.mean(), mine)
    (wanted,) = torch.autograd.grad(reference.mean(), theirs)
    torch.testing.assert_close(slope.double(), wanted, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize("learner", [Concat, ConcatLinear])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_agrees_with_a_sequential_loop(learner, dropout):
    size = (8, 16, 8, 16, 3, 16)
    fleet, labels = make(size, seed=2, learner=learner, steps=60, dropout=dropout)
    rows = rows_of(labels, 4)
    stacked = fleet.fit(rows)
    for r, row in enumerate(rows):
        model = sequential(fleet, row)
        for name, value in model.items():
            np.testing.assert_allclose(stacked[name][r], value, atol=5e-5, rtol=0, err_msg=name)


def sequential(fleet, row):
    """One run in plain PyTorch: nn.Linear layers, Adam steps over a list of parameters."""
    learner, network = fleet.learner, fleet.network
    drawn = network.initial(stream("init", *row.key))
    parameters = {name: torch.tensor(value).requires_grad_() for name, value in drawn.items()}
    optimiser = torch.optim.AdamW(
        parameters.values(), lr=learner.learning_rate, weight_decay=learner.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=learner.steps)
    samples = fleet.samples.slice(fleet.offsets[row.samples], fleet.offsets[row.samples] + 60)
    n, size = len(row.labelled), learner.batch
    passes = np.tile(np.arange(n), (math.ceil(learner.steps * size / n), 1))
    order = stream("batches", *row.key).permuted(passes, axis=1).ravel()
    width = network.dropout_width
    bank = stream("dropout", *row.key).random((BANK + size, width), np.float32) >= learner.dropout
    offsets = stream("dropout offsets", learner.steps).integers(BANK, size=learner.steps)

    def layer(name, x):
        return torch.nn.functional.linear(
            x, parameters[f"{name}.weight"].T, parameters[f"{name}.bias"]
        )

    for step in range(learner.steps):
        drawn = torch.from_numpy(order[step * size : (step + 1) * size])
        rows, target = row.labelled[drawn], row.labels[drawn]
        loss, joint = 0.0, []
        for m, name in enumerate(network.names):
            x = samples.inputs[name][rows]
            there = samples.mask()[rows, m]
            z = layer(f"{name}.encoder2", layer(f"{name}.encoder1", x).relu()).relu()
            own = layer(f"{name}.head", z.detach())[:, : network.n_classes]
            if there.any():
                loss = loss + torch.nn.functional.cross_entropy(own[there], target[there])
            joint.append(torch.where(there[:, None], z, parameters[f"{name}.token"]))
        embedding = torch.cat(joint, dim=1)
        if network.fusion.hidden:
            embedding = layer("hidden", embedding).relu()
        mask = torch.from_numpy(bank[offsets[step] : offsets[step] + size]).float()
        logits = layer("head", embedding * mask / (1 - learner.dropout))[:, : network.n_classes]
        loss = loss + torch.nn.functional.cross_entropy(logits, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return {name: value.detach().numpy() for name, value in parameters.items()}


def test_a_round_and_a_seed_have_their_own_randomness():
    fleet, labels = make(SIZES[0], seed=3, steps=1)
    labelled = torch.arange(10)
    keys = [("f", "l", 0, 0, 0), ("f", "l", 1, 0, 0), ("f", "l", 0, 0, 1), ("g", "l", 0, 0, 0)]
    found = fleet.fit([Row(key, 0, labelled, labels[0][labelled]) for key in keys])
    weights = found["a.encoder1.weight"].flatten(1)
    assert len({tuple(w.tolist()) for w in weights}) == len(keys)


def test_tokens_of_complete_data_stay_zero():
    fleet, labels = make(SIZES[0], seed=4, gaps=False)
    found = fleet.fit(rows_of(labels, 3))
    assert not found["a.token"].any()
    assert found["head.weight"].abs().sum() > 0


def test_unimodal_heads_leave_the_encoders_alone():
    fleet, labels = make(SIZES[0], seed=5, dropout=0.0)
    rows = rows_of(labels, 2)
    with_heads = fleet.fit(rows)
    fuse = fleet.network.fuse

    def without_heads(*args, **kwargs):
        output = fuse(*args, **kwargs)
        return type(output)(output.logits, output.embedding, {}, output.unimodal_embeddings)

    fleet.network.fuse = without_heads
    alone = fleet.fit(rows)
    for name in alone:
        if not name.endswith(("a.head.weight", "a.head.bias", "b.head.weight", "b.head.bias")):
            assert torch.equal(alone[name], with_heads[name]), name


def test_missing_values_reach_nothing():
    fleet, labels = make(SIZES[0], seed=6, n=60)
    gaps = ~fleet.samples.mask()
    before = fleet.fit(rows_of(labels, 6))
    for m, name in enumerate(fleet.network.names):
        # zero by contract (Samples.of); any other finite number must give the same network
        fleet.samples.inputs[name][gaps[:, m]] = 1e3
    after = fleet.fit(rows_of(labels, 6))
    assert gaps.any()
    for name in before:
        assert torch.equal(before[name], after[name]), name


def test_subset_answers_follow_their_definitions():
    fleet, labels = make(SIZES[0], seed=7)
    parameters = fleet.fit(rows_of(labels, 3))
    samples = fleet.samples.slice(0, 60)
    want = {key for key in SERVED if not key.startswith("mc_")}
    answers = predict(fleet.network, parameters, samples, want)
    names = ("a", "b")
    shown = answers["subset_probabilities:token"]
    assert set(shown) == set(subsets(names))
    assert torch.equal(shown[frozenset(names)], answers["probabilities"])
    for subset in subsets(names):
        inside = torch.tensor([name in subset for name in names])
        masked = Samples(samples.inputs, samples.mask() & inside)
        direct = predict(fleet.network, parameters, masked, {"probabilities"})["probabilities"]
        assert torch.equal(shown[subset], direct)
    nothing = answers["subset_probabilities:zero"][frozenset()]
    assert (nothing == nothing[:, :1]).all(), "with every embedding at zero all samples are alike"
    own = answers["unimodal_probabilities"]["b"]
    assert torch.equal(own[0, :, 0].isnan(), ~samples.mask()[:, 1])


def test_embedding_is_the_input_of_the_last_linear_layer():
    fleet, labels = make(SIZES[0], seed=8)
    parameters = fleet.fit(rows_of(labels, 3))
    samples = fleet.samples.slice(0, 60)
    answers = predict(fleet.network, parameters, samples, {"embeddings", "probabilities"})
    weight = parameters["head.weight"][:, :, :4]
    logits = answers["embeddings"] @ weight + parameters["head.bias"][:, None, :4]
    torch.testing.assert_close(logits.softmax(2), answers["probabilities"])


def test_an_unknown_wish_is_refused():
    fleet, labels = make(SIZES[0], seed=9, steps=1)
    with pytest.raises(LookupError, match="dreams"):
        predict(fleet.network, fleet.fit(rows_of(labels, 1)), fleet.samples.slice(0, 5), {"dreams"})


def test_rows_with_rates_of_their_own_train_as_a_learner_of_these_rates():
    fleet, labels = make(SIZES[1], seed=3)
    rates = [(3e-3, 1e-3), (1e-2, 0.0), (3e-3, 0.1), (1e-4, 1e-3)]
    rows = [
        replace(row, learning_rate=rate, weight_decay=decay)
        for row, (rate, decay) in zip(rows_of(labels, 4), rates, strict=True)
    ]
    together = fleet.fit(rows)
    for r, (rate, decay) in enumerate(rates):
        own, _ = make(SIZES[1], seed=3, learning_rate=rate, weight_decay=decay)
        alone = own.fit([replace(rows[r], learning_rate=None, weight_decay=None)])
        for name in together:
            assert torch.equal(alone[name][0], together[name][r]), name


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_optimiser_is_that_of_torch(decay):
    g = torch.Generator().manual_seed(0)
    start, gradients = torch.randn(3, 48, generator=g), torch.randn(5, 3, 48, generator=g)
    mine, theirs = start.clone(), start.clone().requires_grad_()
    own, reference = AdamW(mine, [decay] * 3), torch.optim.AdamW([theirs], weight_decay=decay)
    for step, gradient in enumerate(gradients):
        rate = 0.1 / (step + 1)
        own.step(gradient, [rate] * 3)
        reference.param_groups[0]["lr"] = rate
        theirs.grad = gradient
        reference.step()
    torch.testing.assert_close(mine, theirs.detach(), atol=1e-6, rtol=1e-5)


def test_training_does_without_the_compiler():
    """It takes a second to load, and torch.optim would load it."""
    code = (
        "import sys, torch; from mindgap.learners import *; from mindgap.tasks import TaskShape; "
        "learner = Concat(steps=2); network = learner.network(TaskShape({'a': (3,)}, 2)); "
        "fleet = Fleet(learner, network, [Samples({'a': torch.zeros(4, 3)}, None)]); "
        "fleet.fit([Row(('k', 0, 0), 0, torch.arange(4), torch.tensor([0, 1, 0, 1]))]); "
        "print('torch._dynamo' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
