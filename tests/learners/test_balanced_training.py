"""Every way of balancing says what its formula says: one run, sample by sample, in a plain loop."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from combinations import SHAPES, SMALL, combinations, fleet_of, rows_of
from literal import forward, layer, plainly, train
from test_company import SIZES, assert_company_is_nothing, sized
from torch.nn import functional

from mindgap.errors import MindgapError
from mindgap.learners import Concat, ConcatLinear, Fleet, Row, Samples
from mindgap.learners.balance import BALANCES, Losses
from mindgap.learners.balance.gblend import blend
from mindgap.learners.balance.mmpareto import integrated
from mindgap.learners.balance.ogm_ge import ALPHA, SPARE, modulation
from mindgap.seeding import stream
from mindgap.study.spec import read
from mindgap.tasks import TaskShape

BALANCED = ("gblend", "mmpareto", "ogm_ge")


def literal_mmpareto(row, network):
    def backward(learner, p, step, fused, own):
        losses = {name: torch.stack(each).mean() for name, each in own.items() if each}
        encoders = {
            name: [k for k in p if k.startswith((f"{name}.encoder", f"{name}.convolution"))]
            for name in own
        }
        two = {}
        for name, keys in encoders.items():
            values = [p[k] for k in keys]
            g = torch.autograd.grad(fused, values, retain_graph=True, allow_unused=True)
            u = [None] * len(values)
            if name in losses:
                u = torch.autograd.grad(losses[name], values, retain_graph=True)
            two[name] = [
                torch.cat([torch.zeros(v.numel()) if x is None else x.flatten() for x, v in pairs])
                for pairs in (list(zip(g, values, strict=True)), list(zip(u, values, strict=True)))
            ]
        (fused + sum(losses.values())).backward()
        for name, (g, u) in two.items():
            if g @ u < 0:
                grid = [(a * g + (1 - a) * u).norm() for a in (0, 1)]
                a = ((u - g) @ u) / ((u - g) @ (u - g))
                assert (a * g + (1 - a) * u).norm() <= min(grid)
            else:
                a = 0.5
            h = 2 * a * g + 2 * (1 - a) * u
            if h.norm() < (g + u).norm():
                h = h / h.norm() * (g + u).norm()
            place = 0
            for k in encoders[name]:
                p[k].grad = 1.5 * h[place : place + p[k].numel()].view(p[k].shape)
                place += p[k].numel()
            assert place == len(h)

    return backward


def literal_ogm_ge(row, network):
    steps = 4
    size = -(-sum(math.prod(s) for s in network.shapes.values()) // 16) * 16
    noise = stream("gradient noise", *row.key).standard_normal(size + SPARE, np.float32)
    offsets = stream("gradient noise offsets", steps).integers(SPARE, size=steps)

    def backward(learner, p, step, fused, own):
        plainly(learner, p, step, fused, own)
        scores = {
            name: np.mean([math.exp(-x.item()) for x in each]) for name, each in own.items() if each
        }
        for name in own:
            others = [score for other, score in scores.items() if other != name]
            rho = scores[name] / np.mean(others) if name in scores and others else 0
            k = 1 - math.tanh(0.5 * rho) if rho > 1 else 1
            for key in p:
                if key.startswith((f"{name}.encoder", f"{name}.convolution")):
                    g = torch.zeros_like(p[key]) if p[key].grad is None else p[key].grad
                    place = list(network.shapes).index(key)
                    start = sum(math.prod(network.shapes[q]) for q in list(p)[:place])
                    start += offsets[step]
                    own_noise = torch.from_numpy(noise[start : start + g.numel()]).view(g.shape)
                    p[key].grad = k * g + own_noise * (g - g.mean()).square().mean().sqrt()

    return backward


def blended(learner, p, step, fused, own, weights=None):
    loss = weights[-1] * fused
    for w, each in zip(weights, own.values(), strict=False):
        if each:
            loss = loss + w * torch.stack(each).mean()
    loss.backward()


def literal_weights(learner, shape, network, samples, row):
    """G-Blend's, with a network of its own for the fused prediction and for each modality."""
    usable = list(range(len(row.labelled)))
    if learner.missing == "complete":
        usable = [i for i in usable if samples.mask()[row.labelled[i]].all()]
    order = stream("held out", *row.key).permutation(len(usable))
    count = max(1, round(len(usable) / 5))
    parts = [[usable[i] for i in order[count:]], [usable[i] for i in order[:count]]]
    seen, unseen = (replace(row, labelled=row.labelled[i], labels=row.labels[i]) for i in parts)
    names = list(shape.modalities)
    initial = network.initial(stream("init", *row.key))
    before = {k: torch.from_numpy(v).double() for k, v in initial.items()}
    worth = []
    for k in range(len(names) + 1):
        alone = [float(j == k) for j in range(len(names) + 1)]

        def backward(*given, alone=alone):
            blended(*given, weights=alone)

        after = train(learner, shape, network, samples, seen, backward)
        t0, tn, v0, vn = (
            literal_loss(learner, shape, samples, p, part, seen, k)
            for part in (seen, unseen)
            for p in (before, after)
        )
        g, o = v0 - vn, (vn - tn) - (v0 - t0)
        worth.append(max(g, 0) / max(abs(o), 0.01) ** 2)
    return [w / sum(worth) if sum(worth) else 1 / len(worth) for w in worth]


def literal_loss(learner, shape, samples, p, part, seen, k):
    names, losses = list(shape.modalities), []
    counts = torch.bincount(seen.labels, minlength=shape.n_classes).double() + 1
    p = {**p, "log_prior": (counts / counts.sum()).log()}
    for sample, label in zip(part.labelled.tolist(), part.labels, strict=True):
        x = {name: samples.inputs[name][sample].double() for name in names}
        observed = dict(zip(names, samples.mask()[sample].tolist(), strict=True))
        logits, _, z = forward(learner, p, shape, x, observed)
        if k < len(names):
            if not observed[names[k]]:
                continue
            logits = layer(p, f"{names[k]}.head", z[names[k]])[: shape.n_classes]
        losses.append(float(functional.cross_entropy(logits, label)))
    return np.mean(losses) if losses else 0.0


CASES = [
    ("Concat-token", "vectors", {"modality_dropout": 0.5}),
    ("ConcatLinear-zero", "three", {}),
    ("LowRank-regression", "vectors", {}),
    ("Late-experts", "vectors", {}),
    ("Gated-complete", "vectors", {}),
    ("Attention-masked", "mixed", {}),
]


@pytest.mark.parametrize(("name", "kind", "options"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("balance", BALANCED)
def test_training_agrees_with_a_literal_loop(balance, name, kind, options):
    shape = SHAPES[kind]
    learner = replace(combinations(shape)[name], dropout=0.3, balance=balance, **options)
    fleet, labels = fleet_of(learner, shape)
    rows = rows_of(labels, 2)
    found = fleet.fit(rows)
    for r, row in enumerate(rows):
        samples = fleet.samples.slice(fleet.offsets[row.samples], fleet.offsets[row.samples] + 40)
        if balance == "gblend":
            weights = literal_weights(learner, shape, fleet.network, samples, row)
            np.testing.assert_allclose(
                fleet.network.balance.weights(fleet, rows)[r], weights, atol=2e-4
            )

            def backward(*given, weights=weights):
                blended(*given, weights=weights)
        else:
            way = {"mmpareto": literal_mmpareto, "ogm_ge": literal_ogm_ge}[balance]
            backward = way(row, fleet.network)
        for key, value in train(learner, shape, fleet.network, samples, row, backward).items():
            np.testing.assert_allclose(found[key][r], value, atol=5e-5, rtol=0, err_msg=key)


@pytest.mark.parametrize("balance", BALANCED)
@pytest.mark.parametrize("size", SIZES)
def test_bits_do_not_depend_on_company(size, balance):
    name = {"gblend": "Concat-token", "mmpareto": "Late-experts", "ogm_ge": "Attention-zero"}
    learner = replace(sized(combinations()[name[balance]], size), balance=balance)
    shape = TaskShape({"a": (size[0],), "b": (1,), "c": (3,)}, size[4])
    assert_company_is_nothing(learner, shape)


def test_blending_prefers_what_generalises_without_overfitting():
    start = torch.full((1, 4), 1.4)
    seen = torch.tensor([[0.4, 0.2, 0.1, 1.4]])
    unseen = torch.tensor([[0.9, 0.9, 1.6, 1.3999]])
    found = blend(start, start, seen, unseen)
    worth = np.array([0.5 / 0.5**2, 0.5 / 0.7**2, 0, 0.0001 / 0.01**2])
    np.testing.assert_allclose(found[0], worth / worth.sum(), rtol=2e-3)
    assert found[0, 2] == 0  # it generalises worse than nothing
    hopeless = blend(start, start, seen, start + 1)
    assert torch.equal(hopeless, torch.full((1, 4), 0.25))


def test_a_pareto_direction_serves_both():
    g = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    u = torch.tensor([[-1.0, 1.0], [0.0, 3.0], [1.0, 2.0], [-1.0, -1.0], [-3.0, 0.4]])
    h = integrated(g, u)
    assert torch.isfinite(h).all()
    assert ((h * g).sum(dim=1) > -1e-6).all()
    assert ((h * u).sum(dim=1) > -1e-6).all()
    np.testing.assert_allclose(h[1], 1.5 * (g + u)[1])
    np.testing.assert_allclose(h[2], 1.5 * u[2])
    np.testing.assert_allclose(h[3], 0)  # nothing serves both
    np.testing.assert_allclose(h[4].norm(), 1.5 * (g + u)[4].norm(), rtol=1e-6)


def test_only_who_leads_is_slowed_down():
    loss = {"a": [0.9, 0.7], "b": [0.2, 0.2], "c": [0.3, 0.5]}
    unimodal = {name: -torch.tensor([p]).log() for name, p in loss.items()}
    found = modulation(Losses(unimodal["a"], unimodal, None, None))
    leading = 1 - math.tanh(ALPHA * 0.8 / 0.3)
    np.testing.assert_allclose(found, [[leading, 1, 1 - math.tanh(ALPHA * 0)]], rtol=1e-6)
    observed = torch.tensor([[[True, False, True], [False, False, True]]])
    found = modulation(Losses(unimodal["a"], unimodal, observed, None))
    leading = 1 - math.tanh(ALPHA * 0.9 / 0.4)
    np.testing.assert_allclose(found, [[leading, 1, 1]], rtol=1e-6)  # nobody has seen b
    alone = torch.tensor([[[True, False, False], [True, False, False]]])
    assert (modulation(Losses(unimodal["a"], unimodal, alone, None)) == 1).all()


@pytest.mark.parametrize("balance", BALANCED)
def test_no_parameters_are_added(balance):
    shape = SHAPES["three"]
    plain, other = Concat(**SMALL).network(shape), Concat(balance=balance, **SMALL).network(shape)
    assert plain.size == other.size
    assert plain.shapes == other.shapes


REFUSED = [
    (Concat(balance="gblend"), "one", "balance=gblend balances modalities, but there is only one"),
    (Concat(balance="ogm_ge"), "one", "balance=ogm_ge balances modalities, but there is only one"),
    (
        ConcatLinear(balance="mmpareto", unimodal_weight=1.0),
        "three",
        "balance=mmpareto weighs the unimodal losses itself: leave unimodal_weight out",
    ),
]


@pytest.mark.parametrize(("learner", "kind", "why"), REFUSED)
def test_what_cannot_be_balanced_is_refused(learner, kind, why):
    assert learner.supports(SHAPES[kind]) == why


def test_a_single_label_cannot_be_split():
    learner = Concat(balance="gblend", **SMALL)
    fleet, labels = fleet_of(learner, SHAPES["vectors"])
    row = Row(("family", 0), 0, torch.tensor([3]), labels[0][3:4])
    with pytest.raises(MindgapError, match=r"splits the samples that train, but there is only 1"):
        fleet.fit([row])


def test_weights_are_estimated_from_the_labelled_set_alone():
    """Everything that isn't labelled may be nonsense."""
    learner, shape = Concat(balance="gblend", **SMALL), SHAPES["vectors"]
    fleet, labels = fleet_of(learner, shape, gaps=False)
    rows = rows_of(labels, 2)
    spoilt = {name: x.clone() for name, x in fleet.samples.inputs.items()}
    for x in spoilt.values():
        x[20:40], x[60:] = 1e6, 1e6
    pools = [Samples({name: x[i : i + 40] for name, x in spoilt.items()}, None) for i in (0, 40)]
    again = Fleet(learner, fleet.network, pools)
    one, other = (f.network.balance.weights(f, rows) for f in (fleet, again))
    assert torch.equal(one, other)


def test_the_packaged_study_tries_every_way_beside_the_controls():
    study, registry = read("balance")
    learners = [found.build() for found in study.configured("learner", registry)]
    assert {learner.balance for learner in learners if isinstance(learner, Concat)} == set(BALANCES)
    assert len({learner.steps for learner in learners}) == 1
    tasks = {found.text: found.build().card() for found in study.configured("task", registry)}
    assert {card["control"] for card in tasks.values() if card["control"]} < set(tasks)
