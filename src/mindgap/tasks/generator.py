"""The "label bits" generator: data whose every dependence is stated, so that its truth is known.

The class number is B bits. Bit j is the XOR of its groups' values v; a group's value is carried by
one or more modalities. In a carrier, v is the parity of p sub-bits (p = 1: v itself), each written
as +-a on an axis of its own; the axes are rotated at random and Gaussian noise of deviation 1 is
added to all d dimensions:

    y = sum_j 2^j y_j,   y_j = XOR_g v_jg,   v_jg = XOR_s w_jgms,   x_m = W_m c_m + noise.

So one group with two carriers is redundant, one with one carrier is unique, two groups with
different carriers are synergistic. A bit states the accuracy it allows; amplitudes follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.special import ndtr, ndtri

from mindgap.errors import MindgapError
from mindgap.seeding import stream
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.missingness import Missingness


@dataclass(frozen=True)
class Bit:
    """One bit of the class number.

    Attributes:
        name: how metrics call it, for example "U1".
        groups: the carriers of each group: `(("x1", "x2"),)` is redundant, `(("x1",),)` unique,
            `(("x1",), ("x2",))` synergistic.
        accuracy: what the Bayes classifier reaches on this bit with everything shown, if p = 1.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]
    accuracy: float = 0.975


class Axis(NamedTuple):
    """What one dimension of a modality's code carries: sub-bit `sub` of a bit's group."""

    bit: int
    group: int
    sub: int


@dataclass(frozen=True)
class Description:
    """All there is to know of a synthetic task; a scenario and its control differ in one field.

    Attributes:
        dimensions: modality -> d.
        bits: least significant first; there are 2^B classes.
        parity: modality -> p, how many sub-bits hide each of its values; 1 where not given.
        prior: probability of each class; uniform if None.
        label_noise: share of the pool's labels that are another class; the test set is clean.
        missing: which modalities are missing, and how often.

    Raises:
        MindgapError: a field that makes no sense, named.
    """

    dimensions: Mapping[str, int]
    bits: tuple[Bit, ...]
    parity: Mapping[str, int] = field(default_factory=dict)
    prior: tuple[float, ...] | None = None
    label_noise: float = 0.0
    missing: Missingness = field(default_factory=Missingness)

    def __post_init__(self) -> None:
        if not self.dimensions or not self.bits:
            raise MindgapError("a description needs at least one modality and one bit")
        for bit in self.bits:
            if not 0.5 < bit.accuracy < 1:
                raise MindgapError(f"bit {bit.name}: accuracy {bit.accuracy} is not in (0.5, 1)")
            if not bit.groups or not all(bit.groups):
                raise MindgapError(f"bit {bit.name}: every group needs a modality to carry it")
            for carrier in (m for group in bit.groups for m in group):
                if carrier not in self.dimensions:
                    raise MindgapError(f"bit {bit.name}: there is no modality {carrier!r}")
        for name, p in self.parity.items():
            if name not in self.dimensions or p < 1:
                raise MindgapError(f"parity: {name}={p} needs a known modality and p >= 1")
        for name, d in self.dimensions.items():
            if d < len(self.axes[name]):
                raise MindgapError(
                    f"dimensions: {name} has {d}, but its bits need {len(self.axes[name])} axes"
                )
        if self.prior is not None and (
            len(self.prior) != self.n_classes
            or min(self.prior) <= 0
            or abs(sum(self.prior) - 1) > 1e-9
        ):
            raise MindgapError(f"prior: give {self.n_classes} positive numbers that sum to 1")
        if not 0 <= self.label_noise < 1:
            raise MindgapError(f"label_noise: {self.label_noise} is not in [0, 1)")
        for split in ("pool", "test"):
            self.missing.shares(split, self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities."""
        return tuple(self.dimensions)

    @property
    def n_classes(self) -> int:
        """2^B."""
        return int(2 ** len(self.bits))

    @cached_property
    def class_prior(self) -> Float[np.ndarray, " C"]:
        """Probability of each class."""
        return np.array(self.prior or [1 / self.n_classes] * self.n_classes)

    @cached_property
    def axes(self) -> dict[str, list[Axis]]:
        """Modality -> what its code's dimensions carry; first sub-bits first, so that raising a
        parity leaves the axes before it where they were."""
        return {
            name: [
                Axis(j, g, s)
                for s in range(self.parity.get(name, 1))
                for j, bit in enumerate(self.bits)
                for g, carriers in enumerate(bit.groups)
                if name in carriers
            ]
            for name in self.dimensions
        }

    def amplitude(self, bit: Bit, group: int, modality: str) -> float:
        """Distance a of a sub-bit's two values from zero.

        Every group allows the same e = (2q - 1)^(1/G); of k carriers each alone allows the
        accuracy Phi(Phi^-1((1 + e)/2) / sqrt(k)), whatever its parity.
        """
        e = (2 * bit.accuracy - 1) ** (1 / len(bit.groups))
        alone = ndtr(ndtri((1 + e) / 2) / sqrt(len(bit.groups[group])))
        p = self.parity.get(modality, 1)
        return float(ndtri((1 + (2 * alone - 1) ** (1 / p)) / 2))

    def amplitudes(self, modality: str) -> Float[np.ndarray, " k"]:
        """Of each of the modality's axes."""
        return np.array(
            [self.amplitude(self.bits[a.bit], a.group, modality) for a in self.axes[modality]]
        )


def draw(
    description: Description, *key: str | int, n: int
) -> tuple[Int[np.ndarray, " n"], dict[str, Float[np.ndarray, "n k"]]]:
    """Draw n labels and, for every modality, the codes that carry them, without noise.

    Every value has a stream of its own, so that descriptions with a common part share its draws.
    """
    labels = np.searchsorted(
        np.cumsum(description.class_prior)[:-1], stream(*key, "label").random(n), side="right"
    )
    codes: dict[str, list[Float[np.ndarray, " n"]]] = {name: [] for name in description.names}
    values: dict[tuple[str, Axis], Float[np.ndarray, " n"]] = {}
    for j, bit in enumerate(description.bits):
        rest = (labels >> j) & 1
        for g, carriers in enumerate(bit.groups):
            is_last = g == len(bit.groups) - 1
            v = rest if is_last else stream(*key, "value", j, g).integers(2, size=n)
            rest = rest ^ v
            for name in carriers:
                left, p = v, description.parity.get(name, 1)
                for s in range(p):
                    w = (
                        left
                        if s == p - 1
                        else stream(*key, "sub", j, g, name, s).integers(2, size=n)
                    )
                    left = left ^ w
                    values[name, Axis(j, g, s)] = 2.0 * w - 1
    for name, axes in description.axes.items():
        codes[name] = [values[name, axis] for axis in axes]
    return labels, {
        name: np.stack(columns, axis=1) * description.amplitudes(name)
        if columns
        else np.empty((n, 0))
        for name, columns in codes.items()
    }


def rotation(family: str, seed: int, modality: str, d: int, k: int) -> Float[np.ndarray, "d k"]:
    """k orthonormal columns at random; fewer columns are a prefix of more."""
    rows = stream("data", family, seed, "rotation", modality).standard_normal((k, d))
    q, r = np.linalg.qr(rows.T)
    columns: Float[np.ndarray, "d k"] = q * np.sign(np.diag(r))
    return columns


def generate(
    description: Description, family: str, seed: int, split: str, n: int
) -> MultimodalData:
    """Draw n samples of a split ("pool" or "test"); missing values are NaN.

    Streams are keyed by family, seed, split and purpose, so that tasks of one family share labels,
    noise, rotations and masks wherever their descriptions agree.
    """
    key = ("data", family, seed, split)
    labels, codes = draw(description, *key, n=n)
    observed = description.missing.mask(split, description.names, n, stream(*key, "mask"))
    modalities = {}
    for m, (name, d) in enumerate(description.dimensions.items()):
        columns = rotation(family, seed, name, d, codes[name].shape[1])
        x = codes[name] @ columns.T + stream(*key, "noise", name).standard_normal((n, d))
        x[~observed[:, m]] = np.nan
        modalities[name] = torch.from_numpy(x).float()
    if split == "pool":
        labels = _noisy(labels, description, stream(*key, "label noise"))
    return MultimodalData(
        modalities,
        torch.from_numpy(observed),
        torch.from_numpy(labels),
        tuple(str(k) for k in range(description.n_classes)),
        np.arange(n).astype(str),
    )


def _noisy(
    labels: Int[np.ndarray, " n"], description: Description, rng: np.random.Generator
) -> Int[np.ndarray, " n"]:
    """Move a share of the labels to another class, all others equally likely."""
    wrong = rng.random(len(labels)) < description.label_noise
    shift = rng.integers(1, description.n_classes, size=len(labels))
    return np.where(wrong, (labels + shift) % description.n_classes, labels)
