"""What is known of one binary value, and how such knowledge combines."""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_expit


class Belief(NamedTuple):
    """What is known of a value that is 0 or 1, equally often before anything was known.

    Attributes:
        odds: L = log P(0) - log P(1).
        evidence: log likelihood of what is known, less that under noise alone. It matters only
            where a modality may have lost its signal; None where nobody asks.
    """

    odds: Float[np.ndarray, " N"]
    evidence: Float[np.ndarray, " N"] | None = None

    def where(self, known: Bool[np.ndarray, " N"]) -> Belief:
        """This belief where `known`, none elsewhere."""
        evidence = None if self.evidence is None else np.where(known, self.evidence, 0.0)
        return Belief(np.where(known, self.odds, 0.0), evidence)

    def together(self, other: Belief) -> Belief:
        """Two independent pieces of knowledge of the same value: their odds add up."""
        odds = self.odds + other.odds
        if self.evidence is None or other.evidence is None:
            return Belief(odds)
        agreeing = np.logaddexp(
            log_expit(self.odds) + log_expit(other.odds),
            log_expit(-self.odds) + log_expit(-other.odds),
        )
        return Belief(odds, self.evidence + other.evidence + agreeing + np.log(2))

    def xor(self, other: Belief) -> Belief:
        """What two values tell of their XOR: log(1 + exp(L1 + L2)) - log(exp(L1) + exp(L2))."""
        first, second = self.odds, other.odds
        odds = np.logaddexp(first + second, 0) - np.logaddexp(first, second)
        if self.evidence is None or other.evidence is None:
            return Belief(odds)
        return Belief(odds, self.evidence + other.evidence)

    def through(self, agreement: float) -> Belief:
        """What the value tells of another that it equals with this probability."""
        with np.errstate(divide="ignore"):
            same, other = np.log([agreement, 1 - agreement])
        zero, one = log_expit(self.odds), log_expit(-self.odds)
        odds = np.logaddexp(same + zero, other + one) - np.logaddexp(same + one, other + zero)
        return Belief(odds, self.evidence)


def of_axis(a: float, z: Float[np.ndarray, " N"], weighed: bool) -> Belief:
    """What a projection z tells of whether it lies around -a or around a."""
    evidence = np.logaddexp(a * z, -a * z) - np.log(2) - a * a / 2 if weighed else None
    return Belief(-2 * a * z, evidence)


def of_xor(beliefs: list[Belief]) -> Belief:
    """What several values tell of their XOR."""
    return reduce(Belief.xor, beliefs)
