"""Renderers: a modality's code laid out as a vector, a sequence or a small image.

Each axis of the code is a template, a direction in the d numbers of a sample. Templates are
orthonormal, so that the projection onto them is the code with noise of deviation 1, whatever the
shape: what a perfect learner reaches doesn't depend on it. In a vector they are a random rotation.
In a sequence or image they are random mixtures of the slowest cosines along each axis (DCT-II),
waves and blobs that an encoder with small windows can find.
"""

from __future__ import annotations

from functools import reduce
from math import prod

import numpy as np
from jaxtyping import Float

from mindgap.seeding import stream

#: By the number of axes beside the channels: how many cosines there are along each.
COSINES = {1: 16, 2: 4}


def rotation(family: str, seed: int, modality: str, d: int, k: int) -> Float[np.ndarray, "d k"]:
    """k orthonormal columns at random; fewer columns are a prefix of more."""
    rows = stream("data", family, seed, "rotation", modality).standard_normal((k, d))
    q, r = np.linalg.qr(rows.T)
    columns: Float[np.ndarray, "d k"] = q * np.sign(np.diag(r))
    return columns


def templates(
    family: str, seed: int, modality: str, shape: tuple[int, ...], k: int
) -> Float[np.ndarray, "d k"]:
    """k orthonormal columns for samples of shape (d,), (T, c) or (c, h, w), flattened; at most
    `room(shape)`, and fewer are a prefix of more."""
    if len(shape) == 1:
        return rotation(family, seed, modality, shape[0], k)
    slow = reduce(np.kron, [_cosines(n, count) for n, count in _counts(shape)])
    columns: Float[np.ndarray, "d k"] = slow @ rotation(family, seed, modality, slow.shape[1], k)
    return columns


def room(shape: tuple[int, ...]) -> int:
    """How many axes a code may have in this shape."""
    return shape[0] if len(shape) == 1 else prod(count for _, count in _counts(shape))


def _counts(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Of each axis its length, and how many cosines lie along it: in channels all there are."""
    channels = 1 if len(shape) == 2 else 0
    return [
        (n, n if axis == channels else min(n, COSINES[len(shape) - 1]))
        for axis, n in enumerate(shape)
    ]


def _cosines(n: int, count: int) -> Float[np.ndarray, "n count"]:
    """The slowest orthonormal cosines over n places: cos(pi (i + 1/2) f / n), f = 0, 1, ..."""
    waves = np.cos(np.pi * np.outer(np.arange(n) + 0.5, np.arange(count)) / n)
    columns: Float[np.ndarray, "n count"] = waves / np.linalg.norm(waves, axis=0)
    return columns
