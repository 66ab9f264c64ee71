"""Layers of R networks as one: what a layer draws at the start, and the product all layers use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

Parameters = Mapping[str, Tensor]

#: What normalises hidden layers: nothing, or each sample's own mean and deviation.
Norm = Literal["none", "layer"]

#: P is padded to a multiple of this, and so is the class layer: whole vectors for the optimiser
#: keep a run's bits independent of its place in the stack, whole kernels make the layer faster.
LANES = 16


def padded(n: int) -> int:
    """The next multiple of `LANES`."""
    return -(-n // LANES) * LANES


@dataclass(frozen=True)
class Draw:
    """How one run's copy of a parameter starts.

    Attributes:
        shape: without the run axis.
        bound: drawn from U(-bound, bound); with 0 nothing is drawn.
        start: what it is where nothing is drawn.
        unused: how many of its numbers only fill up lanes.
    """

    shape: tuple[int, ...]
    bound: float = 0.0
    start: float = 0.0
    unused: int = 0


def layer(name: str, fan_in: int, fan_out: int) -> dict[str, Draw]:
    """A linear layer with PyTorch's default, U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    bound = 1 / math.sqrt(fan_in)
    return {
        f"{name}.weight": Draw((fan_in, fan_out), bound),
        f"{name}.bias": Draw((fan_out,), bound),
    }


def class_layer(name: str, fan_in: int, n_classes: int) -> dict[str, Draw]:
    """A linear layer that ends in classes, widened to whole lanes."""
    wide = padded(n_classes)
    return {
        key: Draw(draw.shape, draw.bound, unused=math.prod(draw.shape) // wide * (wide - n_classes))
        for key, draw in layer(name, fan_in, wide).items()
    }


def hidden_layer(name: str, fan_in: int, fan_out: int, norm: Norm) -> dict[str, Draw]:
    """A linear layer for `hidden`, with what normalises it."""
    draws = layer(name, fan_in, fan_out)
    if norm == "layer":
        draws[f"{name}.scale"] = Draw((fan_out,), start=1.0)
        draws[f"{name}.shift"] = Draw((fan_out,))
    return draws


def drawn(
    draws: Mapping[str, Draw], rng: np.random.Generator
) -> dict[str, Float32[np.ndarray, "*shape"]]:
    """Start values of one run, drawn in the order of `draws`."""
    values = {}
    for name, draw in draws.items():
        if draw.bound == 0:
            values[name] = np.full(draw.shape, draw.start, np.float32)
            continue
        uniform = rng.random(draw.shape, np.float32)
        values[name] = (2 * uniform - 1) * np.float32(draw.bound)
    return values


def counted(draws: Mapping[str, Draw]) -> int:
    """How many parameters one run has, without those that only fill up lanes."""
    return sum(math.prod(draw.shape) - draw.unused for draw in draws.values())


def unbiased(name: str, fan_in: int, fan_out: int) -> dict[str, Draw]:
    """A linear layer without a bias."""
    return {f"{name}.weight": Draw((fan_in, fan_out), 1 / math.sqrt(fan_in))}


def linear(x: Float[Tensor, "R B i"], parameters: Parameters, name: str) -> Float[Tensor, "R B o"]:
    """R linear layers in one product."""
    weight, bias = parameters[f"{name}.weight"], parameters.get(f"{name}.bias")
    if x.shape[1] == 1:  # one sample of one run would take another routine, with other bits
        return linear(x.expand(-1, 2, -1), parameters, name)[:, :1]
    if len(x) == weight.shape[2] == 1:  # and so would one unit of one run
        twice = {f"{name}.weight": weight.expand(2, -1, -1)}
        if bias is not None:
            twice[f"{name}.bias"] = bias.expand(2, -1)
        return linear(x.expand(2, -1, -1), twice, name)[:1]
    if bias is None:
        return torch.bmm(x, weight)
    return torch.baddbmm(bias.unsqueeze(1), x, weight)


def hidden(x: Float[Tensor, "R B i"], parameters: Parameters, name: str) -> Float[Tensor, "R B o"]:
    """A linear layer, layer normalisation where it has one (Ba et al. 2016), a ReLU."""
    x = linear(x, parameters, name)
    if f"{name}.scale" in parameters:
        size = x.shape[2:]
        same = x.new_ones(size)  # PyTorch takes one scale for all runs, and longer without any
        x = torch.nn.functional.layer_norm(x, size, same)
        scale, shift = parameters[f"{name}.scale"], parameters[f"{name}.shift"]
        scaled: Tensor = _Affine.apply(x, scale.unsqueeze(1), shift.unsqueeze(1))  # type: ignore[no-untyped-call]
        return scaled.relu_()
    return x.relu_()


class _Affine(torch.autograd.Function):
    """x * scale + shift; autograd's own gradient also multiplies all of x by 1, twice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        ctx.save_for_backward(x, scale)
        return torch.addcmul(shift, x, scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, scale = ctx.saved_tensors
        of_scale = (gradient * x).sum(dim=1, keepdim=True)
        return gradient * scale, of_scale, gradient.sum(dim=1, keepdim=True)
