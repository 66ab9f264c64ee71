"""Margin sampling (Scheffer, Decomain & Wrobel 2001)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class Margin(Strategy):
    """Smallest gap between the two most likely classes (Scheffer et al. 2001).

    The scores are -(p_1 - p_2), with p_1 the largest probability and p_2 the next.
    """

    pointwise = True
    cost = "O(N C)"

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        top = pool.probabilities[pool.candidates].topk(2, dim=1).values
        return best(top[:, 1] - top[:, 0], pool, n, rng)
