"""Missing completely at random (MCAR): the mask knows neither inputs nor classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from mindgap.tasks.missingness.mechanism import Evidence, Mechanism
from mindgap.tasks.subsets import joined, subsets


@dataclass(frozen=True)
class Exclusive(Mechanism):
    """MCAR by pattern; all other samples are complete.

    Attributes:
        rates: pattern such as "x1" (only x1 is observed) or "x1+x3" -> its share.
    """

    kind: ClassVar[str] = "patterns"
    is_random: ClassVar[bool] = True
    rates: Mapping[str, float] = field(default_factory=dict)

    def problems(
        self, names: Sequence[str], prior: Float[np.ndarray, " C"] | None = None
    ) -> Iterator[str]:
        for pattern, rate in self.rates.items():
            if not pattern or joined(names, frozenset(pattern.split("+"))) != pattern:
                yield (
                    f"{pattern!r} is no pattern of {', '.join(names)}; write the observed "
                    "modalities in this order, joined by +"
                )
            if not 0 <= rate <= 1 + 1e-9:
                yield f"{pattern!r} has the rate {rate}, which is not in [0, 1]"
        complete = "+".join(names)
        total = sum(rate for pattern, rate in self.rates.items() if pattern != complete)
        if total > 1 + 1e-9:
            yield f"the rates sum to {total:.3f}, above 1"
        elif abs(self.rates.get(complete, 1 - total) - (1 - total)) > 1e-9:
            yield (
                f"{complete!r} is complete: its rate is what the others leave, {1 - total:g}, not "
                f"{self.rates[complete]}"
            )

    def chances(
        self, names: Sequence[str], evidence: Evidence
    ) -> Mapping[str, Float[np.ndarray, " N"] | float]:
        return self._shares(names)

    def shares(self, names: Sequence[str], prior: Float[np.ndarray, " C"]) -> dict[str, float]:
        return self._shares(names)

    def _shares(self, names: Sequence[str]) -> dict[str, float]:
        complete = "+".join(names)
        rest = 1.0 - sum(rate for pattern, rate in self.rates.items() if pattern != complete)
        incomplete = {p: float(r) for p, r in self.rates.items() if p != complete and r > 0}
        return {complete: max(rest, 0.0), **incomplete}


@dataclass(frozen=True)
class Independent(Mechanism):
    """MCAR modality by modality: each is missing on its own account, and never are all.

    Samples that would lack everything are drawn again; `rates` are those that come out after.

    Attributes:
        rates: modality -> share of the samples that lack it; 0 where not given.
    """

    kind: ClassVar[str] = "mcar"
    is_random: ClassVar[bool] = True
    rates: Mapping[str, float] = field(default_factory=dict)

    def problems(
        self, names: Sequence[str], prior: Float[np.ndarray, " C"] | None = None
    ) -> Iterator[str]:
        for name, rate in self.rates.items():
            if name not in names:
                yield f"there is no modality {name!r}"
            if not 0 <= rate < 1:
                yield f"{name}={rate} is not in [0, 1)"
        total = sum(self.rates.values())
        if total >= len(names) - 1 and total > 0:
            yield (
                f"the rates sum to {total:g}, but one of {len(names)} modalities always stays; "
                f"they must sum to less than {len(names) - 1}"
            )

    def chances(
        self, names: Sequence[str], evidence: Evidence
    ) -> Mapping[str, Float[np.ndarray, " N"] | float]:
        return self._shares(names)

    def shares(self, names: Sequence[str], prior: Float[np.ndarray, " C"]) -> dict[str, float]:
        return self._shares(names)

    def _shares(self, names: Sequence[str]) -> dict[str, float]:
        """With pi the rates before drawing again and c = prod pi: rate = (pi - c) / (1 - c)."""
        rates = [self.rates.get(name, 0.0) for name in names]

        def before(c: float) -> list[float]:
            return [rate * (1 - c) + c for rate in rates]

        none = brentq(lambda c: prod(before(c)) - c, 0, 1 - 1e-9, xtol=1e-15) if all(rates) else 0.0
        pi = dict(zip(names, before(none), strict=True))
        found = {
            joined(names, s): prod(1 - pi[m] if m in s else pi[m] for m in names) / (1 - none)
            for s in reversed(subsets(names))
            if s
        }
        complete = "+".join(names)
        return {p: share for p, share in found.items() if share or p == complete}
