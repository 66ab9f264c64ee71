"""Which modalities a sample has: exclusive patterns, missing completely at random (MCAR)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from mindgap.errors import MindgapError
from mindgap.tasks.subsets import joined


@dataclass(frozen=True)
class Missingness:
    """Rates of incomplete patterns, apart for pool and test set; all other samples are complete.

    Attributes:
        pool: pattern such as "x1" (only x1 is observed) or "x1+x3" -> its share of the pool.
        test: the same for the test set.
    """

    pool: Mapping[str, float] = field(default_factory=dict)
    test: Mapping[str, float] = field(default_factory=dict)

    def shares(self, split: str, names: Sequence[str]) -> dict[str, float]:
        """Share of every pattern of a split, the complete one first.

        Raises:
            MindgapError: a pattern without modality, one that isn't spelled as in `names`, a
                negative rate, or rates that sum to more than 1.
        """
        rates = {"pool": self.pool, "test": self.test}[split]
        known = {joined(names, frozenset(pattern.split("+"))) for pattern in rates}
        for pattern, rate in rates.items():
            if not pattern or pattern not in known or set(pattern.split("+")) - set(names):
                raise MindgapError(
                    f"missing.{split}: {pattern!r} is no pattern of {', '.join(names)}; write the "
                    "observed modalities in this order, joined by +"
                )
            if rate < 0:
                raise MindgapError(f"missing.{split}: {pattern!r} has the negative rate {rate}")
        complete = "+".join(names)
        rest = 1.0 - sum(rate for pattern, rate in rates.items() if pattern != complete)
        if rest < -1e-9:
            raise MindgapError(f"missing.{split}: the rates sum to {1 - rest:.3f}, above 1")
        incomplete = {p: float(rate) for p, rate in rates.items() if p != complete and rate > 0}
        return {complete: max(rest, 0.0), **incomplete}

    def mask(
        self, split: str, names: Sequence[str], n: int, rng: np.random.Generator
    ) -> Bool[np.ndarray, "n M"]:
        """Draw every sample's pattern, independently of everything else."""
        shares = self.shares(split, names)
        patterns = np.array([[name in p.split("+") for name in names] for p in shares])
        edges = np.cumsum(list(shares.values()))
        drawn = np.searchsorted(edges, rng.random(n), side="right")
        mask: Bool[np.ndarray, "n M"] = patterns[drawn.clip(max=len(patterns) - 1)]
        return mask
