"""MaxHerding: greedy choice by generalised coverage (Bae, Noh & Sutherland, ECCV 2024)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import PositiveFloat
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised
from mindgap.strategies.coverage import Kernel, greedy, unit

#: exp of less is as good as nothing, and takes a hundred times as long where it underflows.
LOWEST = -50.0


@dataclass(frozen=True)
class Maxherding(Strategy):
    """The candidate that raises the pool's kernel coverage most, again and again (Bae 2024).

    The next is argmax_x mean_n [k(x_n, x) - max_s k(x_n, s)]_+, over the pool's samples x_n and
    all s labelled or chosen. The kernel k is exp(-|x - y|^2 / sigma^2) between embeddings of length
    one (algorithm 1; see `coverage`). The scores are the gains in coverage.

    The paper has self-supervised embeddings; here they are the learner's concatenated unimodal
    embeddings, standardised as in `coreset` before they are scaled to length one. The authors'
    code holds all N x N values of the kernel and works on 35,000 samples of a larger pool; this
    one holds none and sees them all.

    Attributes:
        sigma: width of the kernel; two embeddings are at most 2 apart.
    """

    cost = "O(N^2 D) time, O(N D) memory"

    sigma: PositiveFloat = 1.0

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = unit(standardised(pool))
        weights = torch.ones(len(points), device=points.device)
        return greedy(points, weights, gaussian(self.sigma), pool, n, rng)


def gaussian(sigma: float) -> Kernel:
    """exp(-|x - y|^2 / sigma^2) from cosines: |x - y|^2 = 2 - 2 cos. Overwrites them."""

    def kernel(cosines: Tensor) -> Tensor:
        return cosines.sub_(1).mul_(2 / sigma**2).clamp_(min=LOWEST).exp_()

    return kernel
