"""Random sampling, the baseline that every strategy is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class Random(Strategy):
    """Every candidate is as likely as any other."""

    cost = "O(N)"

    def requires(self) -> set[str]:
        return set()

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        return best(torch.zeros(len(pool.candidates)), pool, n, rng)
