"""What a synthetic task is made of, in words that a control can differ in by exactly one.

The class number is B bits. Bit j is the XOR of its groups' values v; a group's value is carried by
one or more modalities. In a carrier, v is the parity of p sub-bits (p = 1: v itself), each written
as +-a on an axis of its own; the axes are rotated at random and Gaussian noise of deviation 1 is
added to all d dimensions, which may be laid out as a sequence or an image:

    y = sum_j 2^j y_j,   y_j = XOR_g v_jg,   v_jg = XOR_s w_jgms,   x_m = W_m q_m c_m + noise,

where q_m is 0 for the samples in which modality m has lost its signal, unflagged, and 1 for all
others. So one group with two carriers is redundant, one with one carrier is unique, two groups with
different carriers are synergistic. A bit states the accuracy it allows; amplitudes follow from it,
so that harder bits are not less informative ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

from mindgap.errors import MindgapError
from mindgap.tasks.accuracy import majority, of_values
from mindgap.tasks.impossible import problems
from mindgap.tasks.missingness import Missingness


@dataclass(frozen=True)
class Bit:
    """One bit of the class number.

    Attributes:
        name: how metrics call it, for example "U1".
        groups: the carriers of each group: `(("x1", "x2"),)` is redundant, `(("x1",),)` unique,
            `(("x1",), ("x2",))` synergistic.
        accuracy: what the Bayes classifier reaches on this bit with everything shown, if p = 1,
            nothing is corrupted and the bits are independent.
        strength: carrier -> how loud it is beside the others of its group; 1 where not given.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]
    accuracy: float = 0.975
    strength: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Shortcut:
    """An axis that agrees with a label bit more often in one split than in the other.

    Attributes:
        modality: where the axis is.
        bit: the name of the bit that it pretends to be.
        amplitude: distance of its two values from zero.
        pool: how often it agrees with the bit in the pool.
        test: the same in the test set.
    """

    modality: str
    bit: str
    amplitude: float = 2.5
    pool: float = 0.9
    test: float = 0.5

    def agreement(self, split: str) -> float:
        """How often it agrees with the bit in "pool" or "test"."""
        return {"pool": self.pool, "test": self.test}[split]


class Axis(NamedTuple):
    """What one dimension of a modality's code carries: sub-bit `sub` of a bit's group."""

    bit: int
    group: int
    sub: int


#: Stands for a group in the axis of a shortcut.
SHORTCUT = -1


@dataclass(frozen=True)
class Description:
    """All there is to know of a synthetic task; a scenario and its control differ in one field.

    Attributes:
        dimensions: modality -> d of a vector, (T, c) of a sequence or (c, h, w) of an image; the
            truth doesn't depend on them (see `rendering`).
        bits: least significant first; there are 2^B classes.
        parity: modality -> p, how many sub-bits hide each of its values, or bit -> p for some of
            its bits only; 1 where not given.
        strength: modality -> how loud it is beside the other carriers of a value; 1 where not
            given. What all of them tell together stays the same.
        corruption: modality -> share of the samples in which it holds noise alone, unflagged. Bits
            keep their accuracy, so the other samples speak louder.
        shortcut: an axis that agrees with a bit in the pool, less so in the test set.
        prior: probability of each class; uniform if None. Bits keep their accuracy, so what is told
            of them becomes weaker as they become easier to guess.
        label_noise: share of the pool's labels that are another class; the test set is clean.
        missing: which modalities are missing, and how often.

    Raises:
        MindgapError: a field that makes no sense, named.
    """

    dimensions: Mapping[str, int | tuple[int, ...]]
    bits: tuple[Bit, ...]
    parity: Mapping[str, int | Mapping[str, int]] = field(default_factory=dict)
    strength: Mapping[str, float] = field(default_factory=dict)
    corruption: Mapping[str, float] = field(default_factory=dict)
    shortcut: Shortcut | None = None
    prior: tuple[float, ...] | None = None
    label_noise: float = 0.0
    missing: Missingness = field(default_factory=Missingness)

    def __post_init__(self) -> None:
        for problem in problems(self):
            raise MindgapError(problem)

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities."""
        return tuple(self.dimensions)

    def shape(self, modality: str) -> tuple[int, ...]:
        """Of one sample: (d,), (T, c) or (c, h, w)."""
        d = self.dimensions[modality]
        return d if isinstance(d, tuple) else (d,)

    @property
    def n_classes(self) -> int:
        """2^B."""
        return int(2 ** len(self.bits))

    @cached_property
    def class_prior(self) -> Float[np.ndarray, " C"]:
        """Probability of each class."""
        return np.array(self.prior or [1 / self.n_classes] * self.n_classes)

    def number(self, bit: str) -> int:
        """Which bit has this name."""
        return [b.name for b in self.bits].index(bit)

    def sub_bits(self, bit: Bit, modality: str) -> int:
        """p, of how many sub-bits the modality makes the parity that is the bit's value."""
        p = self.parity.get(modality, 1)
        return p.get(bit.name, 1) if isinstance(p, Mapping) else p

    @cached_property
    def axes(self) -> dict[str, list[Axis]]:
        """Modality -> what its code's dimensions carry; first sub-bits first, so that raising a
        parity leaves the axes before it where they were, and a shortcut last."""
        found = {}
        for name in self.dimensions:
            carried = [
                (j, g, self.sub_bits(bit, name))
                for j, bit in enumerate(self.bits)
                for g, carriers in enumerate(bit.groups)
                if name in carriers
            ]
            most = max((p for _, _, p in carried), default=0)
            found[name] = [Axis(j, g, s) for s in range(most) for j, g, p in carried if s < p]
        if self.shortcut is not None:
            found[self.shortcut.modality].append(Axis(self.number(self.shortcut.bit), SHORTCUT, 0))
        return found

    def amplitude(self, bit: Bit, group: int, modality: str) -> float:
        """Distance a of a sub-bit's two values from zero.

        Every group allows the same e, (2q - 1)^(1/G) where both values of the bit are equally
        frequent (else see `accuracy.of_values`), reached with Phi(A) = (1 + e) / 2. Of
        carriers with strengths s each alone allows the accuracy Phi(A s_m / sqrt(sum s^2)),
        whatever its parity, and whatever its corruption.
        """
        alone = self.alone(bit, group, modality) / (1 - self.corruption.get(modality, 0.0))
        p = self.sub_bits(bit, modality)
        return float(ndtri((1 + alone ** (1 / p)) / 2))

    def alone(self, bit: Bit, group: int, modality: str) -> float:
        """2q - 1 for the accuracy q that one carrier alone allows on the group's value."""
        frequent = (
            majority(self.class_prior, self.number(bit.name)) if self.prior is not None else 0.5
        )
        e = of_values(bit.accuracy, len(bit.groups), frequent)
        loud = {m: self.strength.get(m, 1) * bit.strength.get(m, 1) for m in bit.groups[group]}
        total = sqrt(sum(s * s for s in loud.values()))
        return float(2 * ndtr(ndtri((1 + e) / 2) / (total / loud[modality])) - 1)

    def amplitudes(self, modality: str) -> Float[np.ndarray, " k"]:
        """Of each of the modality's axes."""
        return np.array(
            [
                self.shortcut.amplitude
                if axis.group == SHORTCUT and self.shortcut
                else self.amplitude(self.bits[axis.bit], axis.group, modality)
                for axis in self.axes[modality]
            ]
        )

    def label_axes(self, modality: str, bit: str | None) -> list[int]:
        """Which axes of the modality belong to this bit, to any if None."""
        return [
            k
            for k, axis in enumerate(self.axes[modality])
            if axis.group != SHORTCUT and bit in (None, self.bits[axis.bit].name)
        ]
