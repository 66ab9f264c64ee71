"""CDAL: contextual diversity, a core-set of predictions (Agarwal et al. 2020, arXiv 2008.05723)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies import farthest
from mindgap.strategies.base import Pool, Selection, Strategy


@dataclass(frozen=True)
class Cdal(Strategy):
    """k-centre greedy among predictions, farthest in KL divergence (Agarwal et al. 2020).

    The paper's CDAL-CS. Two samples are KL(p || q) / 2 + KL(q || p) / 2 apart, in nats (the
    symmetric divergence of its equation 2), and the candidate farthest from every labelled and
    chosen sample is chosen again and again. The scores are the divergences at which they were
    chosen.

    The paper compares, class by class, mixtures of the predictions in an image's regions; a sample
    here has one prediction, which is what its image classification has too. A probability of 0 is
    taken as the smallest number there is, so that divergences stay finite.
    """

    cost = "O((L + b) N C)"

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        p = pool.probabilities
        logs = p.clamp(min=torch.finfo(p.dtype).tiny).log()
        own = (p * logs).sum(dim=1)
        left = torch.cat([p, logs], dim=1)[pool.candidates]

        def apart(rows: Int[Tensor, " c"]) -> Float[Tensor, "U c"]:
            crossed = left @ torch.cat([logs[rows], p[rows]], dim=1).T
            return (own[pool.candidates, None] + own[rows] - crossed).clamp(min=0) / 2

        return farthest.first(apart, pool, n, rng)
