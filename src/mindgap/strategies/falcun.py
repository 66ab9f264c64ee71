"""FALCUN: fast active learning by contrastive uncertainty (Gilhuber et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import NonNegativeFloat
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy, draw


@dataclass(frozen=True)
class Falcun(Strategy):
    """Draws of what is unsure and predicted unlike the chosen (Gilhuber et al. 2024).

    u = 1 - (p_(1) - p_(2)) is the uncertainty (equation 1), d the diversity: u at first, then the
    smallest L1 distance of the probabilities to those of a chosen sample where that is smaller
    (equations 2-4). Each sample is drawn with probability proportional to (u + d')^gamma, where d'
    is d scaled to 0..1 among the candidates left (equations 5, 6). The scores are u + d'.

    As in the authors' code d itself stays unscaled from step to step, and d' is u scaled at the
    first. scikit-activeml keeps the scaled distance, so its later draws differ.

    Attributes:
        gamma: large ones make the draw greedy, 0 is random; the authors take 10.
    """

    cost = "O(b N C)"

    gamma: NonNegativeFloat = 10.0

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        probabilities = pool.probabilities[pool.candidates]
        top = probabilities.topk(2, dim=1).values
        unsure = 1 - (top[:, 0] - top[:, 1])
        apart = unsure
        free = torch.ones(len(unsure), dtype=torch.bool, device=unsure.device)
        chosen = torch.empty(n, dtype=torch.int64, device=unsure.device)
        scores = torch.empty(n, device=unsure.device)
        for i in range(n):
            relevance = unsure + _scaled(apart, free)
            pick = draw(torch.where(free, relevance.double() ** self.gamma, 0.0), free, rng)
            chosen[i], scores[i] = pick, relevance[pick]
            free[pick] = False
            apart = torch.minimum(apart, (probabilities - probabilities[pick]).abs().sum(dim=1))
        return Selection(pool.candidates[chosen], scores)


def _scaled(values: Float[Tensor, " U"], free: Bool[Tensor, " U"]) -> Float[Tensor, " U"]:
    """From 0 to 1 among those that are free; 0 where all of them are equal."""
    low, high = values[free].min(), values[free].max()
    return (values - low) / torch.where(high > low, high - low, 1.0)
