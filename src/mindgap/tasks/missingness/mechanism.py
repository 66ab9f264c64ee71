"""What a missingness mechanism is: the chance of every pattern, for every sample (Rubin 1976)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


class Score(NamedTuple):
    """A number a sample that says how far it lies along one direction of a modality.

    Attributes:
        values: of the samples, in deviations from the mean.
        population: the values that the rate of missing samples is meant over.
        weights: of these, summing to 1.
    """

    values: Float[np.ndarray, " N"]
    population: Float[np.ndarray, " K"]
    weights: Float[np.ndarray, " K"]


class Evidence(ABC):
    """What a mechanism may look at."""

    @abstractmethod
    def labels(self) -> Int[np.ndarray, " N"]:
        """The true class of every sample."""

    @abstractmethod
    def score(self, modality: str, bit: str | None) -> Score:
        """The modality's score, along the axis of a label bit where the data have such axes."""


class Mechanism(ABC):
    """Says with what chance a sample has which modalities; never none of them.

    Attributes:
        depends_on: modality and bit of the score that it reads, None if it reads none.
        is_random: whether it reads nothing at all (MCAR).
    """

    kind: ClassVar[str]
    is_random: ClassVar[bool] = False

    @property
    def depends_on(self) -> tuple[str, str | None] | None:
        return None

    @abstractmethod
    def problems(
        self, names: Sequence[str], prior: Float[np.ndarray, " C"] | None = None
    ) -> Iterator[str]:
        """Why it can't work on these modalities, and with classes of these probabilities."""

    @abstractmethod
    def chances(
        self, names: Sequence[str], evidence: Evidence
    ) -> Mapping[str, Float[np.ndarray, " N"] | float]:
        """Pattern ("x1+x3": these two are observed) -> its probability, a sample each or for all;
        the complete pattern first."""

    @abstractmethod
    def shares(self, names: Sequence[str], prior: Float[np.ndarray, " C"]) -> dict[str, float]:
        """Expected share of every pattern, the complete one first."""

    def draw(
        self, names: Sequence[str], evidence: Evidence, n: int, rng: np.random.Generator
    ) -> Bool[np.ndarray, "n M"]:
        """Draw the pattern of each of n samples.

        Mechanisms given the same random numbers agree where their chances do.
        """
        return drawn(names, self.chances(names, evidence), rng.random(n))


def drawn(
    names: Sequence[str],
    chances: Mapping[str, Float[np.ndarray, " N"] | float],
    uniform: Float[np.ndarray, " n"],
) -> Bool[np.ndarray, "n M"]:
    """The pattern in whose interval of cumulative chance each uniform number falls."""
    observed = np.array([[name in p.split("+") for name in names] for p in chances])
    index = np.zeros(len(uniform), dtype=np.int64)
    edge: Float[np.ndarray, " N"] | float = 0.0
    for chance in chances.values():
        edge = edge + chance
        index += edge <= uniform
    mask: Bool[np.ndarray, "n M"] = observed[index.clip(max=len(observed) - 1)]
    return mask


def overlaid(
    names: Sequence[str], there: Mapping[str, float], drawn_shares: Mapping[str, float]
) -> dict[str, float]:
    """Expected shares of patterns where gaps are drawn on top of others, without regard to these.

    As in `ampute`, a pattern that would leave a sample nothing isn't drawn for it.

    Raises:
        ValueError: a pattern that is there has nothing in common with any that is drawn.
    """
    found = {"+".join(names): 0.0}
    for before, share in there.items():
        left: dict[str, float] = {}
        for pattern, chance in drawn_shares.items():
            both = set(before.split("+")) & set(pattern.split("+"))
            if both and chance > 0:
                key = "+".join(name for name in names if name in both)
                left[key] = left.get(key, 0.0) + chance
        if share > 0 and not left:
            raise ValueError(f"nothing would be left of {before}")
        for key, chance in left.items():
            found[key] = found.get(key, 0.0) + share * chance / sum(left.values())
    return found
