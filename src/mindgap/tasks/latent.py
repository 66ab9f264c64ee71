"""What the generator knows of each sample of a pool and no learner may: for metrics alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from mindgap.tasks.description import SHORTCUT, Description
from mindgap.tasks.generator import draw, intact


@dataclass(frozen=True)
class Latent:
    """Of N samples; what is missing or lost to the noise is told as well.

    Attributes:
        corrupted: modality -> where it holds noise alone; those that can.
        values: number of the sample's cell among all combinations of the bits' values. A bit that
            is the exclusive or of two values has four cells, and all must be seen to learn it.
        sub_bits: likewise among all combinations of the sub-bits that the values are hidden in.
        conflicting: where the shortcut contradicts its bit; None without a shortcut.
    """

    corrupted: Mapping[str, Bool[np.ndarray, " N"]]
    values: Int[np.ndarray, " N"]
    sub_bits: Int[np.ndarray, " N"]
    conflicting: Bool[np.ndarray, " N"] | None


def latent(description: Description, family: str, seed: int, split: str, n: int) -> Latent:
    """Of the samples that `generate` draws with these arguments."""
    key = ("data", family, seed, split)
    # the codes of a corrupted modality are zero; without corruption the same streams draw them
    labels, codes = draw(replace(description, corruption={}), *key, n=n, split=split)
    values: dict[tuple[int, int], Int[np.ndarray, " N"]] = {}
    sub_bits, conflicting = [], None
    for name, axes in description.axes.items():
        own: dict[tuple[int, int], Int[np.ndarray, " N"]] = {}
        for k, axis in enumerate(axes):
            sign = (codes[name][:, k] > 0).astype(np.int64)
            if axis.group == SHORTCUT:
                conflicting = sign != (labels >> axis.bit) & 1
                continue
            sub_bits.append(sign)
            own[axis.bit, axis.group] = own.get((axis.bit, axis.group), 0) ^ sign
        values |= own  # every carrier of a value tells the same
    corrupted = {
        name: ~intact(description, *key, modality=name, n=n)[:, 0]
        for name in description.corruption
    }
    return Latent(corrupted, _cells(list(values.values()), n), _cells(sub_bits, n), conflicting)


def _cells(columns: list[Int[np.ndarray, " N"]], n: int) -> Int[np.ndarray, " N"]:
    """Numbers from 0 of the distinct rows."""
    if not columns:
        return np.zeros(n, dtype=np.int64)
    found: Int[np.ndarray, " N"] = np.unique(
        np.stack(columns, axis=1), axis=0, return_inverse=True
    )[1].reshape(n)
    return found
