"""The exact posterior p(y | x_S), with what the mask itself tells of the class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_expit, logsumexp, softmax

from mindgap.tasks.belief import Belief, of_axis, of_xor
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.description import SHORTCUT, Axis, Description
from mindgap.tasks.label_axis import LabelAxis
from mindgap.tasks.missingness import MNARy
from mindgap.tasks.missingness.dependent import Logistic
from mindgap.tasks.rendering import templates
from mindgap.tasks.subsets import Subset


class Mask(NamedTuple):
    """Which modalities the samples have, known to come from the mechanism of a split."""

    observed: Bool[np.ndarray, "N M"]
    split: str


def posterior(
    description: Description,
    family: str,
    seed: int,
    data: MultimodalData,
    shown: Subset,
    split: str = "pool",
    mask: bool = True,
) -> Float[np.ndarray, "N C"]:
    """p(y | x_S) of samples that `generate` drew, S being what is shown and observed.

    The clean label's, whatever the label noise.

    Args:
        shown: all others are withheld, although it stays known whether a sample has them.
        split: whose shortcut and mechanism are believed in; the samples' own, as a rule.
        mask: whether to use what the mask itself tells of the class.
    """
    codes = {}
    for name, x in data.modalities.items():
        k = len(description.axes[name])
        columns = templates(family, seed, name, description.shape(name), k)
        codes[name] = x.flatten(1).double().nan_to_num().numpy() @ columns
    inside = np.array([name in shown for name in description.names])
    observed = data.observed.numpy()
    known = Mask(observed, split) if mask else None
    return posterior_of_codes(description, codes, observed & inside, known, split)


def posterior_of_codes(
    description: Description,
    codes: Mapping[str, Float[np.ndarray, "N _"]],
    shown: Bool[np.ndarray, "N M"],
    mask: Mask | None = None,
    split: str = "test",
) -> Float[np.ndarray, "N C"]:
    """p(y | x_S) from the projections z_m = W_m' x_m, which are sufficient.

    A sub-bit has the log odds -2 a z; p(y | x_S) is proportional to prior(y) prod_j P(y_j | x_S).
    Where a modality may have lost its signal its bits hang together, so that the product is summed
    over what may be lost, weighed by the evidence for it.

    Args:
        shown: the modalities whose values are looked at.
        mask: what is known of the mask; None to leave it out of account.
        split: whose shortcut is believed in.
    """
    classes = np.arange(description.n_classes)
    prior = np.log(description.class_prior)[None, :] + _of_class(description, mask)
    known = _Known(description, codes, shown, mask, split, weighed=bool(description.corruption))
    parts = []
    for weight, intact in _intact(description):
        log_p = prior + weight if known.weighed else prior
        for j in range(len(description.bits)):
            belief = known.of_bit(j, shown & intact)
            odds = belief.odds[:, None]
            log_p = log_p + np.where((classes >> j) & 1, log_expit(-odds), log_expit(odds))
            if belief.evidence is not None:
                log_p = log_p + belief.evidence[:, None]
        parts.append(log_p)
    total = parts[0] if len(parts) == 1 else logsumexp(parts, axis=0)
    probabilities: Float[np.ndarray, "N C"] = softmax(total, axis=1)
    return probabilities


def _intact(description: Description) -> Iterator[tuple[float, Bool[np.ndarray, " M"]]]:
    """Every choice of modalities that keep their signal, with its log probability."""
    lost = [description.corruption.get(name, 0.0) for name in description.names]
    for intact in product(*[(True, False) if share > 0 else (True,) for share in lost]):
        shares = [1 - share if i else share for i, share in zip(intact, lost, strict=True)]
        yield float(np.log(shares).sum()), np.array(intact)


def _of_class(description: Description, mask: Mask | None) -> Float[np.ndarray, "N C"] | float:
    """log P(r | y) where the mechanism depends on the class."""
    if mask is None:
        return 0.0
    mechanism = description.missing.of(mask.split)
    if not isinstance(mechanism, MNARy):
        return 0.0
    there = mask.observed[:, [description.names.index(mechanism.modality)]]
    rates = np.array(mechanism.rates)
    with np.errstate(divide="ignore"):
        log_chance: Float[np.ndarray, "N C"] = np.where(there, np.log1p(-rates), np.log(rates))
    return log_chance


@dataclass(frozen=True)
class _Known:
    """All that is known of the samples; arguments as those of `posterior_of_codes`."""

    description: Description
    codes: Mapping[str, Float[np.ndarray, "N _"]]
    shown: Bool[np.ndarray, "N M"]
    mask: Mask | None
    split: str
    weighed: bool

    def of_bit(self, j: int, heard: Bool[np.ndarray, "N M"]) -> Belief:
        """What is known of bit j; `heard` is what is shown and has kept its signal."""
        bit = self.description.bits[j]
        belief = of_xor([self._of_group(j, g, heard) for g in range(len(bit.groups))])
        shortcut = self.description.shortcut
        if shortcut is None or shortcut.bit != bit.name:
            return belief
        z = self._along(shortcut.modality, Axis(j, SHORTCUT, 0))
        told = of_axis(shortcut.amplitude, z, self.weighed).through(shortcut.agreement(self.split))
        return belief.together(told.where(self._column(heard, shortcut.modality)))

    def _of_group(self, j: int, g: int, heard: Bool[np.ndarray, "N M"]) -> Belief:
        bit, n = self.description.bits[j], len(self.shown)
        value = Belief(np.zeros(n), np.zeros(n) if self.weighed else None)
        for name in bit.groups[g]:
            a = self.description.amplitude(bit, g, name)
            subs = range(self.description.sub_bits(bit, name))
            own = of_xor([of_axis(a, self._along(name, Axis(j, g, s)), self.weighed) for s in subs])
            value = value.together(own.where(self._column(heard, name)))
        gap = self._of_gap(j, g)
        return value if gap is None else value.together(gap)

    def _of_gap(self, j: int, g: int) -> Belief | None:
        """What the mask says of the group's value where it depends on it.

        Only in samples in which that value isn't shown: where it is, it says more itself.
        """
        mechanism = self.description.missing.of(self.mask.split) if self.mask else None
        if self.mask is None or not isinstance(mechanism, Logistic):
            return None
        axis = LabelAxis(self.description, *mechanism.depends_on)
        if axis.place != (j, g):
            return None
        score = axis.score(np.empty(0))
        missing = []
        for value in (0, 1):
            scores, weights = axis.given(value)
            missing.append(float(weights @ mechanism.missing(score, scores)))
        zero, one = missing
        there = self._column(self.mask.observed, mechanism.modality)
        odds = np.where(there, np.log1p(-zero) - np.log1p(-one), np.log(zero) - np.log(one))
        unseen = ~self._column(self.shown, axis.modality)
        return Belief(odds, np.zeros(len(odds)) if self.weighed else None).where(unseen)

    def _along(self, modality: str, axis: Axis) -> Float[np.ndarray, " N"]:
        return self.codes[modality][:, self.description.axes[modality].index(axis)]

    def _column(self, table: Bool[np.ndarray, "N M"], modality: str) -> Bool[np.ndarray, " N"]:
        column: Bool[np.ndarray, " N"] = table[:, self.description.names.index(modality)]
        return column
