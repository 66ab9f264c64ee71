"""What the generator knows of each sample and no learner may: for metrics alone."""

from __future__ import annotations

from collections import Counter
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
        carried: modality -> bit -> the value that the modality tells of it, 0 or 1, whole even
            where it is hidden in sub-bits. The bit itself if one group of modalities has it; of a
            bit that is the exclusive or of several groups' values, its own group's. Where a
            modality is in several groups of a bit, their numbers follow the bit's name.
    """

    corrupted: Mapping[str, Bool[np.ndarray, " N"]]
    values: Int[np.ndarray, " N"]
    sub_bits: Int[np.ndarray, " N"]
    conflicting: Bool[np.ndarray, " N"] | None
    carried: Mapping[str, Mapping[str, Int[np.ndarray, " N"]]]


def latent(description: Description, family: str, seed: int, split: str, n: int) -> Latent:
    """Of the samples that `generate` draws with these arguments."""
    key = ("data", family, seed, split)
    # the codes of a corrupted modality are zero; without corruption the same streams draw them
    labels, codes = draw(replace(description, corruption={}), *key, n=n, split=split)
    values: dict[tuple[int, int], Int[np.ndarray, " N"]] = {}
    carried: dict[str, dict[str, Int[np.ndarray, " N"]]] = {}
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
        bits = Counter(j for j, _ in own)
        carried[name] = {
            description.bits[j].name + (f".{g}" if bits[j] > 1 else ""): value
            for (j, g), value in own.items()
        }
    corrupted = {
        name: ~intact(description, *key, modality=name, n=n)[:, 0]
        for name in description.corruption
    }
    cells = _cells(list(values.values()), n), _cells(sub_bits, n)
    return Latent(corrupted, *cells, conflicting, carried)


def _cells(columns: list[Int[np.ndarray, " N"]], n: int) -> Int[np.ndarray, " N"]:
    """Numbers from 0 of the distinct rows."""
    if not columns:
        return np.zeros(n, dtype=np.int64)
    found: Int[np.ndarray, " N"] = np.unique(
        np.stack(columns, axis=1), axis=0, return_inverse=True
    )[1].reshape(n)
    return found
