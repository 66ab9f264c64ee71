"""What any subset of the modalities shows of one label bit, as a symmetric channel."""

from __future__ import annotations

from functools import lru_cache, reduce
from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from mindgap.tasks.channel import SILENT, Channel, flip, gaussian, parity, together
from mindgap.tasks.description import Description
from mindgap.tasks.subsets import Subset


class Writing(NamedTuple):
    """How a value is written: as the parity of sub-bits, each +-amplitude in unit noise.

    Attributes:
        amplitude: distance of a sub-bit's two values from zero.
        sub_bits: how many; 1 if the value itself is written.
        lost: share of the samples, unflagged, that hold noise alone; needs `sub_bits` 1.
        agreement: how often what is written is the value.
    """

    amplitude: float
    sub_bits: int = 1
    lost: float = 0.0
    agreement: float = 1.0


#: Of each group of a bit, how its shown carriers write its value.
Groups = tuple[tuple[Writing, ...], ...]


class LabelBit(NamedTuple):
    """A label bit by itself: its prior, and who writes what it is the XOR of.

    Attributes:
        one: probability that it is 1.
        groups: of each group, its carriers and how they write its value.
        hints: modalities that write the bit itself, on top of that.
    """

    one: float
    groups: tuple[tuple[tuple[str, Writing], ...], ...]
    hints: tuple[tuple[str, Writing], ...] = ()

    def channel(self, shown: Subset) -> Channel:
        """From the bit to what the shown modalities hold of it."""
        groups = tuple(
            tuple(sorted(writing for name, writing in group if name in shown))
            for group in self.groups
        )
        hints = tuple(sorted(writing for name, writing in self.hints if name in shown))
        return _channel(tuple(sorted(groups)), hints)

    def table(self, shown: Subset) -> Float[np.ndarray, "2 n"]:
        """P(bit, what the shown modalities hold of it)."""
        return self.channel(shown).table(self.one)


def label_bits(description: Description) -> list[LabelBit]:
    """Each bit on its own, under its own prior, with the shortcut as the test set has it."""
    powers = np.arange(description.n_classes)
    found = []
    for j, bit in enumerate(description.bits):
        groups = tuple(
            tuple(
                (
                    name,
                    Writing(
                        description.amplitude(bit, g, name),
                        description.sub_bits(bit, name),
                        description.corruption.get(name, 0.0),
                    ),
                )
                for name in carriers
            )
            for g, carriers in enumerate(bit.groups)
        )
        shortcut = description.shortcut
        hints: tuple[tuple[str, Writing], ...] = ()
        if shortcut is not None and shortcut.bit == bit.name:
            lost = description.corruption.get(shortcut.modality, 0.0)
            writing = Writing(shortcut.amplitude, 1, lost, shortcut.agreement("test"))
            hints = ((shortcut.modality, writing),)
        one = float(description.class_prior[(powers >> j) & 1 == 1].sum())
        found.append(LabelBit(one, groups, hints))
    return found


def independent_prior(prior: Float[np.ndarray, " C"]) -> list[float] | None:
    """P(bit = 1) of every bit if the classes' prior makes them independent, else None.

    Uniform ones do, and so do long tails rho^(-k / (C - 1)): k is a sum over bits.
    """
    powers = np.arange(len(prior))
    ones = [float(prior[(powers >> j) & 1 == 1].sum()) for j in range(len(prior).bit_length() - 1)]
    product = np.ones(len(prior))
    for j, one in enumerate(ones):
        product = product * np.where((powers >> j) & 1, one, 1 - one)
    return ones if np.allclose(product, prior, rtol=1e-9, atol=0) else None


@lru_cache(maxsize=512)
def _channel(groups: Groups, hints: tuple[Writing, ...]) -> Channel:
    of_groups = reduce(parity, [_value(group) for group in groups])
    return reduce(together, [_written(hint) for hint in hints], of_groups)


@lru_cache(maxsize=512)
def _value(carriers: tuple[Writing, ...]) -> Channel:
    """What carriers of one value show of it together; linear ones are as one, louder."""
    linear = [w for w in carriers if w == Writing(w.amplitude)]
    others = [_written(w) for w in carriers if w not in linear]
    if linear:
        others.append(gaussian(sqrt(sum(w.amplitude**2 for w in linear))))
    return reduce(together, others) if others else SILENT


@lru_cache(maxsize=512)
def _written(writing: Writing) -> Channel:
    sub_bit = gaussian(writing.amplitude, writing.lost)
    value = reduce(parity, [sub_bit] * writing.sub_bits)
    doubt = max(writing.agreement, 1 - writing.agreement)
    return value if doubt == 1 else parity(flip(doubt), value)
