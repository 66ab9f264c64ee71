"""Gradients of a fleet's buffer, and tensors lent to a module, against PyTorch's own ways."""

import pytest
import torch
from torch import nn
from torch.func import functional_call

from mindgap.learners.buffer import Buffer, padded_size
from mindgap.learners.lending import Lending

SHAPES = {"weight": (3, 5), "bias": (5,), "unused": (2,), "scale": ()}


def losses(parameters):
    x = torch.arange(6.0).view(2, 3)
    y = x @ parameters["weight"] + parameters["bias"].unsqueeze(1)  # (R, 2, 5)
    return [y.square().mean(dim=(1, 2)), y.sin().sum(dim=(1, 2))]


def test_its_gradient_is_that_of_the_flat_buffer():
    flat = torch.randn(4, padded_size(SHAPES), generator=torch.Generator().manual_seed(0))
    assert flat.shape[1] == 32
    reference = flat.clone().requires_grad_()
    weight, bias = reference[:, :15].view(4, 3, 5), reference[:, 15:20]
    first, second = losses({"weight": weight, "bias": bias})
    (wanted,) = torch.autograd.grad((first + second).sum(), reference)
    buffer = Buffer(flat, SHAPES)
    both = buffer.gradient(losses(buffer.trained))
    torch.testing.assert_close(both, wanted)
    assert not both[:, 20:].any()
    one, other = losses(buffer.trained)
    apart = buffer.gradient([one], last=False) + buffer.gradient([other])
    torch.testing.assert_close(apart, wanted)


def test_views_are_the_buffer():
    flat = torch.zeros(2, padded_size(SHAPES))
    buffer = Buffer(flat, SHAPES)
    flat += 1
    for views in (buffer.views, buffer.trained):
        assert {name: tuple(view.shape[1:]) for name, view in views.items()} == SHAPES
        assert all((view == 1).all() for view in views.values())
    assert not any(view.requires_grad for view in buffer.views.values())


class Tied(nn.Module):
    """Two layers with one weight, a buffer that is written into, and one that may fail."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        if len(x) == 1:
            raise ValueError("one sample")
        return self.norm(self.second(self.first(x)))


def test_lending_is_a_functional_call_and_gives_all_back():
    torch.manual_seed(0)
    module, x = Tied(), torch.randn(5, 3)
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    lent = {name: torch.rand_like(value.float()).to(value.dtype) for name, value in own.items()}
    theirs = {name: value.clone() for name, value in lent.items()}
    wanted = functional_call(module, theirs, (x,))
    lending = Lending(module)
    with lending(lent):
        torch.testing.assert_close(module(x), wanted)
    for name, value in theirs.items():  # running means were written into
        torch.testing.assert_close(lent[name], value)
    with pytest.raises(ValueError, match="one sample"), lending(lent):
        module(x[:1])
    now = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    assert all(now[name] is value for name, value in own.items())
    assert module.second.weight is module.first.weight
