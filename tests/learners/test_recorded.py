"""A recorded step is the step, to the last bit: every operation, learner, way of balancing."""

from dataclasses import replace

import pytest
import torch
from combinations import LEARNERS, SHAPES, SMALL, combinations, fleet_of, pools, rows_of
from hypothesis import given
from hypothesis import strategies as st
from modules import own

from mindgap.learners import Concat, Fleet, Ume
from mindgap.learners.half_precision import HalfPrecision
from mindgap.learners.recorded import NotRepeatable, Recorded

nn = torch.nn.functional


def gradient(loss, *of):
    return torch.autograd.grad(loss.sum(), of)


def filled(x, w):
    zeros = torch.zeros(3, 4)
    zeros[1] += x[0, 1]
    return zeros + torch.ones_like(x[0])


def in_place(x, w):
    y = x * 2
    part = y[:, 1:]
    part.relu_()
    return y.add_(x.mT.mT).sum(dim=1)


FUNCTIONS = {
    "products": lambda x, w: torch.baddbmm(x.sum(1, keepdim=True)[..., :2], x, w),
    "views": lambda x, w: (x.mT.reshape(2, 12), x.expand(5, 2, 3, 4)[1], x[0].unbind()),
    "several": lambda x, w: (x.max(dim=1), torch.var_mean(x, dim=2), x.split([1, 2], dim=1)),
    "made anew and viewed": lambda x, w: nn.layer_norm(x, (4,)).flatten()[3:],
    "made anew": lambda x, w: nn.layer_norm(x, (4,)) * 2,
    "a list of one": lambda x, w: torch._foreach_exp([x])[0],
    "copies": lambda x, w: (x.clone(), x.mT.contiguous(), x.double(), x.bfloat16().float()),
    "constants written into": filled,
    "in place": in_place,
    "indices": lambda x, w: (x[:, torch.tensor([2, 0])], x.gather(1, torch.ones(2, 1, 4).long())),
    "gradients": lambda x, w: gradient(nn.layer_norm((x @ w).relu(), (2,)).exp(), x, w),
    "gradients of parts": lambda x, w: gradient(x[:, :2, 1:].square() * x[:, 1:, :3], x),
    "losses": lambda x, w: gradient(nn.cross_entropy(x.mT, torch.tensor([[0, 1, 2]] * 2)), x),
    "where": lambda x, w: torch.where(x > 0, x, x.mean()),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_follows_what_it_reads(name):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 4, generator=g, requires_grad=True)
    w = torch.randn(2, 4, 2, generator=g, requires_grad=True)
    recorded = Recorded(lambda: FUNCTIONS[name](x.clone(), w))
    if "gradients" in name or name == "losses":
        recorded = Recorded(lambda: FUNCTIONS[name](x, w))
    for _ in range(4):
        found, wanted = leaves(recorded()), leaves(FUNCTIONS[name](x, w))
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert torch.equal(one, other)
        with torch.no_grad():
            x.copy_(torch.randn(2, 3, 4, generator=g))
            w.mul_(-2)


#: Of one shape into the same, so that results can take each other's memory.
STEPS = {
    "exp": lambda x: x.clamp(max=1).exp(),
    "in place": lambda x: (x * 0.5).relu_(),
    "part": lambda x: x[:, :1].expand(2, 3, 3) + x,
    "turned": lambda x: x.mT,
    "norm": lambda x: nn.layer_norm(x, (3,)),
    "cat": lambda x: torch.cat([x[:, 1:], x[:, :1]], dim=1),
    "filled": lambda x: torch.zeros_like(x).add_(x),
    "half": lambda x: x.bfloat16().float(),
    "sorted": lambda x: x.sort(dim=2)[0],
}


@given(st.lists(st.tuples(st.sampled_from(list(STEPS)), st.integers(0, 30)), max_size=12))
def test_chains_of_operations(chain):
    def function():
        found = [x * 1, w * 1]
        for name, place in chain:
            found.append(STEPS[name](found[place % len(found)]) - found[-1])
        loss = (found[-1] @ found[0] + found[1]).square().sum()
        return torch.autograd.grad(loss, (x, w)), found[-1]

    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 3, generator=g, requires_grad=True)
    w = torch.randn(2, 3, 3, generator=g, requires_grad=True)
    recorded = Recorded(function)
    for _ in range(3):
        found, wanted = leaves(recorded()), leaves(function())
        assert all(torch.equal(*pair) for pair in zip(found, wanted, strict=True))
        with torch.no_grad():
            x.mul_(-1.5)
            w.add_(0.25)


def leaves(values):
    return torch.utils._pytree.tree_leaves(values)


def test_it_is_called_once_and_answers_with_the_same_tensors():
    calls = []
    x = torch.zeros(3)
    recorded = Recorded(lambda: calls.append(1) or x + 1)
    first = recorded()
    x += 5
    assert recorded() is first
    assert first.tolist() == [6, 6, 6]
    assert len(calls) == 1


SHARED = torch.zeros(2)


@pytest.mark.parametrize(
    "function",
    [
        lambda: torch.ones(2).sum().item(),
        lambda: torch.rand(2),
        lambda: SHARED.add_(1),
        lambda: torch.tensor([1.0, 2.0]).neg_(),
        lambda: torch.ops.aten._native_batch_norm_legit(
            torch.ones(4, 2), None, None, SHARED, SHARED, True, 0.1, 1e-5
        ),
    ],
)
def test_what_cannot_be_repeated_is_refused(function):
    with pytest.raises(NotRepeatable, match="a training step calls aten"):
        Recorded(function)()


def assert_the_same_as_called(learner, shape, half=False):
    for gaps in (True, False):
        fleet, labels = fleet_of(learner, shape, gaps=gaps)
        if half:
            fleet = Fleet(learner, HalfPrecision(fleet.network, "cpu"), [fleet.samples])
        rows = [replace(row, samples=0) for row in rows_of(labels, 3)]
        assert fleet.recorded
        recorded = fleet.fit(rows)
        fleet.recorded = False
        for name, value in fleet.fit(rows).items():
            assert torch.equal(value, recorded[name]), (name, gaps)


EVERY = combinations()


@pytest.mark.parametrize("name", EVERY)
def test_every_combination(name):
    number = list(EVERY).index(name)
    learner = replace(EVERY[name], dropout=0.2 * (number % 3), modality_dropout=0.4 * (number % 2))
    assert_the_same_as_called(learner, SHAPES["vectors"])


@pytest.mark.parametrize("balance", ["gblend", "mmpareto", "ogm_ge"])
def test_every_way_of_balancing(balance):
    assert_the_same_as_called(Concat(balance=balance, **SMALL), SHAPES["vectors"])


@pytest.mark.parametrize(
    "learner", [*LEARNERS, Concat(norm="layer", **SMALL)], ids=lambda each: type(each).__name__
)
def test_convolutions_and_norms(learner):
    assert_the_same_as_called(replace(learner, unimodal_weight=0.5), SHAPES["mixed"])


def test_unimodal_ensembles():
    assert_the_same_as_called(Ume(**SMALL), SHAPES["three"])


def test_modules_of_ones_own_are_called_in_every_step():
    network = own().network(SHAPES["vectors"])
    assert not Fleet(Concat(), network, pools(SHAPES["vectors"])[0]).recorded


def test_half_precision():
    assert_the_same_as_called(Concat(**SMALL), SHAPES["vectors"], half=True)
