"""Entropy sampling (Shannon 1948; Settles 2009, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class Entropy(Strategy):
    """Largest entropy of the class probabilities, in nats (Settles 2009).

    The scores are H = -sum_c p_c log p_c, with 0 log 0 = 0: written out without that, a class that
    is ruled out makes the score NaN, as it does in published code.
    """

    pointwise = True
    cost = "O(N C)"

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        # entr is 0 at p = 0, where p * log(p) would be NaN
        uncertainty = torch.special.entr(pool.probabilities[pool.candidates]).sum(dim=1)
        return best(uncertainty, pool, n, rng)
