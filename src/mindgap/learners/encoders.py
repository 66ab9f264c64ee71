"""Encoders: a modality's shape decides which; each is a pure function of parameters and inputs.

Vectors (d,) go through an MLP, sequences (T, c) through 1-D convolutions, images (c, h, w) through
2-D ones, and vectors that another network has encoded before ("frozen") through one linear layer.
A convolution lays its windows side by side and multiplies them like any layer, since convolution
kernels would let a run's bits depend on the number of runs.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from types import EllipsisType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from mindgap.learners.layers import Draw, Norm, Parameters, hidden, hidden_layer, layer, linear

#: By the number of axes: size of a window, and the most places that are left after pooling. Of
#: images of 13 pixels or more that leaves 4 to 6 a side; with 3 or with 8 they are learned worse,
#: and so are sequences with 5 to 8.
KERNEL = {1: 5, 2: 3}
PLACES = {1: 16, 2: 6}


class Encoder(ABC):
    """One modality's way into the network."""

    #: what its parameters start from, by name, in the order of the flat buffer
    draws: dict[str, Draw]

    @abstractmethod
    def __call__(
        self, parameters: Parameters, x: Float[Tensor, "R B ..."]
    ) -> Float[Tensor, "R B D"]:
        """The embedding."""


class Mlp(Encoder):
    """Two layers for vectors (d,)."""

    def __init__(self, name: str, size: int, *, width: int, feature: int, norm: Norm) -> None:
        self.name = name
        self.draws = {
            **hidden_layer(f"{name}.encoder1", size, width, norm),
            **hidden_layer(f"{name}.encoder2", width, feature, norm),
        }

    def __call__(self, parameters: Parameters, x: Float[Tensor, "R B d"]) -> Float[Tensor, "R B D"]:
        inside = hidden(x, parameters, f"{self.name}.encoder1")
        return hidden(inside, parameters, f"{self.name}.encoder2")


class Frozen(Encoder):
    """One linear layer, without a nonlinearity, for vectors (d,) that are features already."""

    def __init__(self, name: str, size: int, *, feature: int) -> None:
        self.name = name
        self.draws = layer(f"{name}.encoder", size, feature)

    def __call__(self, parameters: Parameters, x: Float[Tensor, "R B d"]) -> Float[Tensor, "R B D"]:
        return linear(x, parameters, f"{self.name}.encoder")


class Convolutions(Encoder):
    """Two strided convolutions, pooling to a few places, one linear layer that knows the places.

    Windows of 5 (sequences) or 3 x 3 (images) two steps apart, zeros around the edges; `width`/4
    and `width`/2 channels for sequences, half as many for images; each followed by a ReLU. Then
    means over neighbouring places until at most 16 (sequences) or 6 x 6 (images) are left.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], *, width: int, feature: int, norm: Norm
    ) -> None:
        self.name = name
        self.axes = len(shape) - 1
        inside = shape[0] if self.axes == 2 else shape[1]
        places = shape[1:] if self.axes == 2 else shape[:1]
        window = KERNEL[self.axes] ** self.axes
        first = max(1, width // (4 * self.axes))
        left = [_left((n + 3) // 4, PLACES[self.axes]) for n in places]  # two strides of 2
        self.draws = {
            **hidden_layer(f"{name}.convolution1", window * inside, first, norm),
            **hidden_layer(f"{name}.convolution2", window * first, 2 * first, norm),
            **hidden_layer(f"{name}.encoder", math.prod(left) * 2 * first, feature, norm),
        }

    def __call__(
        self, parameters: Parameters, x: Float[Tensor, "R B ..."]
    ) -> Float[Tensor, "R B D"]:
        x = x.movedim(2, -1) if self.axes == 2 else x  # channels last
        for number in (1, 2):
            x = self._convolved(x, parameters, f"{self.name}.convolution{number}")
        for axis in range(2, 2 + self.axes):
            x = _pooled(x, axis, PLACES[self.axes])
        return hidden(x.flatten(2), parameters, f"{self.name}.encoder")

    def _convolved(
        self, x: Float[Tensor, "R B ..."], parameters: Parameters, name: str
    ) -> Float[Tensor, "R B ..."]:
        """Windows of (R, B, places..., c) as rows of one product."""
        windows: Tensor = _Windows.apply(x, KERNEL[self.axes])  # type: ignore[no-untyped-call]
        places = windows.shape[2:-1]
        rows = windows.flatten(1, -2)
        return hidden(rows, parameters, name).view(*x.shape[:2], *places, -1)


class _Windows(torch.autograd.Function):
    """Windows two steps apart, zeros beyond the edges: (R, B, places..., c) -> (..., windows * c).

    Going back, gradients of slices, every second place, are added up in the order of the slices:
    faster than the gradient of `unfold`.
    """

    @staticmethod
    def forward(ctx: Any, x: Float[Tensor, "R B ..."], size: int) -> Float[Tensor, "R B ..."]:
        ctx.shape, ctx.size = x.shape, size
        axes = x.ndim - 3
        padded = pad(x, (0, 0, *[size // 2] * (2 * axes)))
        for axis in range(2, 2 + axes):
            padded = padded.unfold(axis, size, 2)
        windows = padded.movedim(2 + axes, -1)  # channels last again: copied in longer pieces
        return windows.flatten(2 + axes)

    @staticmethod
    def backward(ctx: Any, gradient: Float[Tensor, "R B ..."]) -> tuple[Tensor, None]:
        shape, edge = ctx.shape, ctx.size // 2
        padded = gradient.new_zeros(*shape[:2], *[n + 2 * edge for n in shape[2:-1]], shape[-1])
        parts = gradient.split(shape[-1], dim=-1)
        for where, part in zip(_slices(shape, ctx.size), parts, strict=True):
            padded[where] += part
        for axis in range(2, len(shape) - 1):
            padded = padded.narrow(axis, edge, shape[axis])
        return padded, None


def _slices(shape: tuple[int, ...], size: int) -> list[tuple[slice | EllipsisType, ...]]:
    """Where, in the padded input, the first place of all windows is, the second, and so on."""
    starts = itertools.product(range(size), repeat=len(shape) - 3)
    return [
        (
            ...,
            *(slice(i, i + n, 2) for i, n in zip(start, shape[2:-1], strict=True)),
            slice(None),
        )
        for start in starts
    ]


def _left(places: int, most: int) -> int:
    size = -(-places // most)
    return -(-places // size)


def _pooled(x: Float[Tensor, "R B ..."], axis: int, most: int) -> Float[Tensor, "R B ..."]:
    """Means over as few neighbours as leave at most `most` places; zeros fill the last group."""
    size = -(-x.shape[axis] // most)
    if size == 1:
        return x
    gap = -x.shape[axis] % size
    x = pad(x, (*[0] * (2 * (x.ndim - 1 - axis)), 0, gap))
    groups: Tensor = x.unflatten(axis, (-1, size))
    return groups.mean(dim=axis + 1)


def unfit(shapes: Mapping[str, tuple[int, ...]], frozen: Collection[str]) -> str | None:
    """Why a modality has no encoder, or None; `frozen` names those encoded before."""
    for name in frozen:
        if name not in shapes:
            return f"frozen names {name!r}, but the modalities are {', '.join(shapes)}"
        if len(shapes[name]) > 1:
            return (
                f"modality {name!r} has shape {shapes[name]}, but a frozen one must be a vector "
                "(d,): leave it out of frozen"
            )
    for name, shape in shapes.items():
        if len(shape) > 3:
            return (
                f"modality {name!r} has shape {shape}, but encoders take vectors (d,), sequences "
                "(T, c) and images (c, h, w): reshape it to one of them"
            )
    return None


def encoders(
    shapes: Mapping[str, tuple[int, ...]],
    frozen: Collection[str],
    *,
    width: int,
    feature: int,
    norm: Norm = "none",
) -> dict[str, Encoder]:
    """The encoder that fits each modality's shape; `unfit` says where none does."""
    fitting: dict[str, Encoder] = {}
    for name, shape in shapes.items():
        if name in frozen:
            fitting[name] = Frozen(name, shape[0], feature=feature)
        elif len(shape) == 1:
            fitting[name] = Mlp(name, shape[0], width=width, feature=feature, norm=norm)
        else:
            fitting[name] = Convolutions(name, shape, width=width, feature=feature, norm=norm)
    return fitting
