"""UHerding: coverage of what the model is unsure of (Bae, Oliveira & Sutherland, ICLR 2025)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from pydantic import PositiveFloat
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised
from mindgap.strategies.coverage import greedy, unit
from mindgap.strategies.maxherding import gaussian

#: Below this width the kernel of single precision cosines is no longer exact.
NARROW = 0.1
#: Labelled samples compared with all of them at a time.
CHUNK = 256


@dataclass(frozen=True)
class Uherding(Strategy):
    """MaxHerding in which each sample weighs what its margin leaves (Bae et al. 2025).

    The weight in the coverage is U(x) = 1 - (p_(1) - p_(2)), of probabilities at a `temperature`.
    The kernel narrows as labels accrue: sigma is the smallest distance between two labelled
    samples that don't coincide; 1 where there are none. Without labels all weights are one, as in
    the authors' code. So few labels give MaxHerding, and many give margin sampling.

    The paper chooses the temperature by calibration on labels that the model wasn't trained on, for
    the smallest calibration error. Here a learner with calibration=temperature does so, for the
    smallest log loss, and the probabilities are then served so; the temperature below divides once
    more. The default is 1, hence the uncertainty is the margin's.
    Embeddings and memory are as in `maxherding`.

    Attributes:
        temperature: divides the logits; larger ones bring the weights closer together.
        sigma: width of the kernel; by the rule above if null.
    """

    cost = "O(N^2 D) time, O(N D) memory"

    temperature: PositiveFloat = 1.0
    sigma: PositiveFloat | None = None

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = unit(standardised(pool))
        sigma = self.sigma or smallest_distance(points[pool.labelled])
        if sigma < NARROW:
            points = points.double()
            points = points / points.norm(dim=1, keepdim=True)
        weights = torch.ones(len(points), dtype=points.dtype, device=points.device)
        if len(pool.labelled):
            weights = uncertainty(pool.probabilities, self.temperature).to(points.dtype)
        return greedy(points, weights, gaussian(sigma), pool, n, rng)


def uncertainty(probabilities: Float[Tensor, "N C"], temperature: float) -> Float[Tensor, " N"]:
    """1 - margin, after the logits have been divided by the temperature."""
    if temperature != 1:
        probabilities = (probabilities.log() / temperature).softmax(dim=1)
    top = probabilities.topk(2, dim=1).values
    return 1 - (top[:, 0] - top[:, 1])


def smallest_distance(points: Float[Tensor, "n D"]) -> float:
    """Between two of the points that don't coincide; 1 if there are no such two."""
    smallest = torch.inf
    for start in range(0, len(points), CHUNK):
        apart = torch.cdist(
            points[start : start + CHUNK], points, compute_mode="donot_use_mm_for_euclid_dist"
        )
        smallest = min(smallest, float(torch.where(apart > 0, apart, torch.inf).min()))
    return smallest if smallest < torch.inf else 1.0
