"""Means over a batch are PyTorch's, to the last bit, and so are their gradients."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from mindgap.learners.balance.base import Losses


@given(st.integers(1, 5), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_means_are_those_of_pytorch(runs, batch, seed):
    g = torch.Generator().manual_seed(seed)
    fused, own = (torch.randn(runs, batch, generator=g, requires_grad=True) for _ in range(2))
    losses = Losses(fused, {"a": own}, None, None)
    for found, of in ((losses.multimodal, fused), (losses.unimodal_means()[0], own)):
        wanted = of.mean(dim=1)
        assert torch.equal(found, wanted)
        (gradient,), (literal,) = (torch.autograd.grad(x.sum(), of) for x in (found, wanted))
        assert torch.equal(gradient, literal)
