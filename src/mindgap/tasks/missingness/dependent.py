"""One modality whose absence depends on something: MAR and the two kinds of MNAR (Rubin 1976)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import expit

from mindgap.tasks.missingness.mechanism import Evidence, Mechanism, Score

#: Of the log odds, a deviation of the score: as good as a step.
STEEPEST = 1000


def intercept(
    rate: float,
    slope: float,
    population: Float[np.ndarray, " K"],
    weights: Float[np.ndarray, " K"],
) -> float:
    """alpha such that sigmoid(alpha + slope s) has the mean `rate`, by bisection."""
    reach = 40 + abs(slope) * float(np.abs(population).max())

    def excess(alpha: float) -> float:
        return float(weights @ expit(alpha + slope * population)) - rate

    return float(brentq(excess, -reach, reach, xtol=1e-12))


def slope_problems(slope: float) -> Iterator[str]:
    """Why the log odds can't rise like this."""
    if not np.isfinite(slope):
        yield f"slope {slope} is not a finite number"
    if abs(slope) > STEEPEST:
        yield f"slope {slope} is too steep; beyond {STEEPEST} nothing changes"


class Logistic(Mechanism):
    """One modality is missing with the chance sigmoid(alpha + slope s), s being a score; alpha
    makes the mean the rate."""

    modality: str
    rate: float
    slope: float

    @property
    @abstractmethod
    def depends_on(self) -> tuple[str, str | None]: ...

    def chances(
        self, names: Sequence[str], evidence: Evidence
    ) -> Mapping[str, Float[np.ndarray, " N"] | float]:
        score = evidence.score(*self.depends_on)
        return _lacking(self.modality, names, self.missing(score, score.values))

    def missing(self, score: Score, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Chance that the modality is missing where the score has these values."""
        alpha = intercept(self.rate, self.slope, score.population, score.weights)
        chance: Float[np.ndarray, " n"] = expit(alpha + self.slope * values)
        return chance

    def shares(self, names: Sequence[str], prior: Float[np.ndarray, " C"]) -> dict[str, float]:
        return _shares(self.modality, names, self.rate)

    def problems(
        self, names: Sequence[str], prior: Float[np.ndarray, " C"] | None = None
    ) -> Iterator[str]:
        yield from _problems(self.modality, names)
        if not 0 < self.rate < 1:
            yield f"rate {self.rate} is not in (0, 1)"
        yield from slope_problems(self.slope)


@dataclass(frozen=True)
class MAR(Logistic):
    """Missing at random: the chance depends on another modality, which is always observed.

    Attributes:
        modality: which is missing.
        given: whose score s decides.
        rate: share of the samples that lack the modality.
        slope: of the log odds, a deviation of s.
        bit: whose axis the score is, where there are label axes; else the first.
    """

    kind: ClassVar[str] = "mar"
    modality: str
    given: str
    rate: float = 0.5
    slope: float = 3.0
    bit: str | None = None

    @property
    def depends_on(self) -> tuple[str, str | None]:
        return self.given, self.bit

    def problems(
        self, names: Sequence[str], prior: Float[np.ndarray, " C"] | None = None
    ) -> Iterator[str]:
        yield from super().problems(names, prior)
        if self.given not in names or self.given == self.modality:
            yield f"given: {self.given!r} is not another modality"


@dataclass(frozen=True)
class MNARx(Logistic):
    """Missing not at random: the chance depends on the very value that is then missing.

    Attributes:
        modality: which is missing, and whose score s decides.
        rate: share of the samples that lack it.
        slope: of the log odds, a deviation of s.
        bit: whose axis the score is, where there are label axes; else the first.
    """

    kind: ClassVar[str] = "mnar_x"
    modality: str
    rate: float = 0.5
    slope: float = 3.0
    bit: str | None = None

    @property
    def depends_on(self) -> tuple[str, str | None]:
        return self.modality, self.bit


@dataclass(frozen=True)
class MNARy(Mechanism):
    """Missing not at random: the chance depends on the class, so the mask tells of it.

    Attributes:
        modality: which is missing.
        rates: in the samples of each class.
    """

    kind: ClassVar[str] = "mnar_y"
    modality: str
    rates: tuple[float, ...]

    def chances(
        self, names: Sequence[str], evidence: Evidence
    ) -> Mapping[str, Float[np.ndarray, " N"] | float]:
        return _lacking(self.modality, names, np.array(self.rates)[evidence.labels()])

    def shares(self, names: Sequence[str], prior: Float[np.ndarray, " C"]) -> dict[str, float]:
        return _shares(self.modality, names, float(prior @ np.array(self.rates)))

    def problems(
        self, names: Sequence[str], prior: Float[np.ndarray, " C"] | None = None
    ) -> Iterator[str]:
        yield from _problems(self.modality, names)
        if prior is not None and len(self.rates) != len(prior):
            yield f"rates: give {len(prior)}, one a class, not {len(self.rates)}"
        for rate in self.rates:
            if not 0 <= rate <= 1:
                yield f"rates: {rate} is not in [0, 1]"
        if not any(self.rates) or all(rate == 1 for rate in self.rates):
            yield f"rates: {self.modality} would be missing always or never"


def _lacking(
    modality: str, names: Sequence[str], chance: Float[np.ndarray, " N"]
) -> dict[str, Float[np.ndarray, " N"] | float]:
    without = "+".join(name for name in names if name != modality)
    return {"+".join(names): 1 - chance, without: chance}


def _shares(modality: str, names: Sequence[str], rate: float) -> dict[str, float]:
    without = "+".join(name for name in names if name != modality)
    return {"+".join(names): 1 - rate, without: rate}


def _problems(modality: str, names: Sequence[str]) -> Iterator[str]:
    if modality not in names:
        yield f"there is no modality {modality!r}"
    elif len(names) == 1:
        yield f"{modality} is the only modality, so it can't be missing"
