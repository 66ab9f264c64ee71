"""Bayes accuracies by Monte Carlo: the exact posterior of samples that are drawn once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from jaxtyping import Bool, Float, Int

from mindgap.seeding import stream
from mindgap.tasks.closed import Accuracy
from mindgap.tasks.description import Description
from mindgap.tasks.generator import draw
from mindgap.tasks.label_axis import LabelEvidence
from mindgap.tasks.posterior import Mask, posterior_of_codes
from mindgap.tasks.subsets import Subset

#: Draws for what has no closed form; the standard error of an accuracy is below .0012.
DRAWS = 200_000

#: Posterior probabilities that differ by less than this share are tied.
TIED = 1e-9

KEY = ("truth",)


@dataclass(frozen=True)
class Sample:
    """Draws under the law of a split; pool and test set share all they can.

    Attributes:
        split: whose shortcut and mechanism they follow.
        n: how many.
    """

    description: Description
    split: str = "test"
    n: int = DRAWS

    @cached_property
    def _drawn(self) -> tuple[Int[np.ndarray, " n"], dict[str, Float[np.ndarray, "n _"]]]:
        labels, codes = draw(self.description, *KEY, n=self.n, split=self.split)
        return labels, {
            name: code + stream(*KEY, "noise", name).standard_normal(code.shape)
            for name, code in codes.items()
        }

    @cached_property
    def observed(self) -> Bool[np.ndarray, "n M"]:
        """The masks that the split's mechanism gives."""
        evidence = LabelEvidence(self.description, *self._drawn)
        mechanism = self.description.missing.of(self.split)
        return mechanism.draw(self.description.names, evidence, self.n, stream(*KEY, "mask"))

    def shown(self, subset: Subset, law: str | None = None) -> Float[np.ndarray, "n C"]:
        """p(y | x_S), the mask left out of account; `law` is the split believed in."""
        inside = np.array([name in subset for name in self.description.names])
        shown = np.broadcast_to(inside, (self.n, len(inside)))
        _, z = self._drawn
        return posterior_of_codes(self.description, z, shown, split=law or self.split)

    def natural(self, law: str | None = None, mask: bool = True) -> Float[np.ndarray, "n C"]:
        """p(y | what is observed, and the mask unless it is left out of account)."""
        believed = law or self.split
        _, z = self._drawn
        known = Mask(self.observed, believed) if mask else None
        return posterior_of_codes(self.description, z, self.observed, known, believed)

    def having(self, pattern: Subset) -> Bool[np.ndarray, " n"]:
        """Which samples have exactly these modalities."""
        inside = [name in pattern for name in self.description.names]
        rows: Bool[np.ndarray, " n"] = np.asarray((self.observed == inside).all(axis=1))
        return rows

    def shown_of_complete(self, subset: Subset) -> Float[np.ndarray, "c C"]:
        """p(y | x_S) of the complete samples, known to be complete."""
        rows = self.having(frozenset(self.description.names))
        inside = np.array([name in subset for name in self.description.names])
        shown = np.broadcast_to(inside, (int(rows.sum()), len(inside)))
        _, z = self._drawn
        known = Mask(self.observed[rows], self.split)
        codes = {name: code[rows] for name, code in z.items()}
        return posterior_of_codes(self.description, codes, shown, known, self.split)


def accuracy(p: Float[np.ndarray, "n C"]) -> Accuracy:
    """Of the Bayes classifier: the mean largest posterior, which varies less than hits do."""
    largest = p.max(axis=1)
    of_bits = [float(np.maximum(one, 1 - one).mean()) for one in of_bits_one(p)]
    return Accuracy(float(largest.mean()), of_bits, float(largest.std() / sqrt(len(p))))


def of_bits_one(p: Float[np.ndarray, "n C"]) -> Iterator[Float[np.ndarray, " n"]]:
    """Probability that each bit is 1."""
    classes = np.arange(p.shape[1])
    for j in range(p.shape[1].bit_length() - 1):
        yield p[:, (classes >> j) & 1 == 1].sum(axis=1)


def hits(
    believed: Float[np.ndarray, "n C"], true: Float[np.ndarray, "n C"]
) -> Float[np.ndarray, " n"]:
    """Chance that the class most likely under one posterior is right under the true one; of tied
    classes any is guessed."""
    best = believed >= believed.max(axis=1, keepdims=True) * (1 - TIED)
    right: Float[np.ndarray, " n"] = np.where(best, true, 0.0).sum(axis=1) / best.sum(axis=1)
    return right
