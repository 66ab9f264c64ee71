"""Convolutions of many runs have the bits of one run's."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv1d

from mindgap.learners import convolutions
from mindgap.learners.stacking import at_once, one_by_one

RUNS, SAMPLES = 11, 6
LAYERS = {
    "sequences": lambda: nn.Conv1d(2, 16, 3),
    "images": lambda: nn.Conv2d(3, 32, 3, padding="same"),
    "around": lambda: nn.Conv2d(3, 16, 3, padding=1, padding_mode="circular"),
    "without bias": lambda: nn.Conv1d(2, 16, 3, bias=False),
    "groups": lambda: nn.Conv1d(4, 16, 3, stride=2, dilation=2, groups=2),
    "volumes": lambda: nn.Conv3d(2, 16, 3),
    "transposed": lambda: nn.ConvTranspose1d(3, 16, 3),
}


def drawn(*size):
    return torch.randn(*size, generator=torch.Generator().manual_seed(0)).requires_grad_()


def assert_the_same(call, parameters, x):
    found, wanted = (answers(way, call, parameters, x) for way in (at_once, one_by_one))
    assert all(torch.equal(*pair) for pair in zip(found, wanted, strict=True))


def answers(over_runs, call, parameters, x):
    (y,) = over_runs(call, parameters, x)
    return y, *torch.autograd.grad(y.square().sum(), [*parameters.values(), x])


@pytest.mark.parametrize("name", LAYERS)
def test_each_run_is_convolved_by_itself(name):
    layer = LAYERS[name]()
    parameters = {key: drawn(RUNS, *p.shape) for key, p in layer.named_parameters()}
    x = drawn(RUNS, SAMPLES, layer.in_channels, *[9] * (layer.weight.ndim - 2))

    def call(own, given):
        return (torch.func.functional_call(layer, own, (given,)),)

    assert_the_same(call, parameters, x)


def test_weights_that_all_runs_share():
    weight, parameters = torch.ones(16, 2, 3), {"bias": drawn(RUNS, 16)}

    def call(own, given):
        return (conv1d(given, weight, own["bias"], padding=1),)

    x = drawn(RUNS, SAMPLES, 2, 9)
    assert_the_same(call, parameters, x)


def test_what_belongs_to_no_run_stays_so():
    def call(own, given):
        smooth = conv1d(torch.ones(1, 2, 9), torch.ones(2, 2, 1))
        return (given * own["scale"] + smooth.sum(),)

    parameters, x = {"scale": drawn(RUNS, 9)}, drawn(RUNS, SAMPLES, 9)
    (found,) = at_once(call, parameters, x)
    assert torch.equal(found, one_by_one(call, parameters, x)[0])


@pytest.mark.parametrize(("device", "loops"), [("cpu", True), ("meta", False)])
def test_only_cpus_loop_over_runs(device, loops, monkeypatch):
    looped = []
    monkeypatch.setattr(convolutions._OneByOne, "apply", lambda *given: looped.append(1))

    def call(own, given):
        found = conv1d(given, own["weight"])
        return (given if found is None else found,)

    x = torch.zeros(RUNS, SAMPLES, 2, 9, device=device)
    at_once(call, {"weight": torch.zeros(RUNS, 4, 2, 3, device=device)}, x)
    assert bool(looped) == loops
