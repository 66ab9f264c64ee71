"""Least confidence (Lewis & Gale 1994; Settles 2009, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class LeastConfidence(Strategy):
    """Smallest probability of the most likely class (Lewis & Gale 1994).

    The scores are 1 - max_c p_c. The paper has two classes, for which this is the sample nearest
    to p = 1/2; for more it is Settles' generalisation.
    """

    pointwise = True
    cost = "O(N C)"

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        return best(1 - pool.probabilities[pool.candidates].amax(dim=1), pool, n, rng)
