"""The score of RL-MBA, without its policy (Zeng et al. 2026, arXiv 2603.25107)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy, best

#: Lloyd iterations, the most that the paper takes.
ITERATIONS = 5


@dataclass(frozen=True)
class RlMbaLite(Strategy):
    """Weighted uncertainty of each modality plus distance from cluster centres (Zeng et al. 2026).

    RL-MBA lets a policy choose among the kappa n samples with the largest score; its reward takes
    other strategies' finished curves. This is the score alone, and the n largest of it. It is
    written after a summary of the paper, which has no public code:

    1. AMCB: Delta_m = Top1_m - Top1_fused, w = softmax(Delta / temperature), and the fused feature
       f = sum_m w_m z_m. A modality whose head is already better gets *more* weight.
    2. EFDA: a head is a Dirichlet distribution with alpha_m = 1 + evidence; u_m is the mean over
       classes of Var[p_c] = a_c (a_0 - a_c) / (a_0^2 (a_0 + 1)).
    3. q = sum_m w_m u~_m + diversity * d~, with d the distance of f from the nearest centre of a
       k-means++ with n clusters and at most 5 iterations, and ~ min-max over the candidates.
    4. The n largest q.

    Departures, since there is nothing else to be had here. The accuracies of step 1 are those on
    the labelled set, where the paper has a labelled validation set: the heads were trained on these
    labels, so all accuracies are too high and their differences too small; a model that fits its
    labels perfectly gives equal weights. The heads are softmax heads, which state no evidence: here
    it is s p_m with the same s for every sample; then u_m is 1 - sum_c p_m,c^2 up to a factor and
    an offset, which cancel in the min-max. The fused Dirichlet of step 2 has no place in step 3 as
    the summary gives it. Temperature and weight of the diversity are unknown; 1 is ours. The
    optional floor of the weights is left out.

    Gaps: a modality's accuracies are compared on the labelled samples that have it (Delta_m = 0
    where there are none); a sample's weights are rescaled to sum to one over what it has. Features
    of unequal width are padded with zeros for the sum.

    Attributes:
        temperature: of the softmax over accuracies.
        diversity: weight of the distance against the uncertainty, the paper's beta.
    """

    group = "multimodal"
    cost = "O(b N D)"

    temperature: PositiveFloat = 1.0
    diversity: NonNegativeFloat = 1.0

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_probabilities", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        rows = pool.candidates
        if n == 0:
            return best(torch.zeros(len(rows)), pool, n, rng)
        observed = pool.observed[rows]
        weights = torch.softmax(_advantages(pool) / self.temperature, dim=0) * observed
        weights = weights / weights.sum(dim=1, keepdim=True)
        width = max(z.shape[1] for z in pool.unimodal_embeddings.values())
        fused = torch.zeros(len(rows), width, device=rows.device)
        score = torch.zeros(len(rows), device=rows.device)
        for m, name in enumerate(pool.names):
            there, weight = observed[:, m], weights[:, m]
            own = pool.unimodal_embeddings[name][rows]
            fused[:, : own.shape[1]] += weight[:, None] * own
            impurity = 1 - (pool.unimodal_probabilities[name][rows] ** 2).sum(dim=1)
            score += weight * _min_max(impurity, there)
        everyone = torch.ones_like(observed[:, 0])
        distance = _distance_from_centres(fused, n, rng)
        return best(score + self.diversity * _min_max(distance, everyone), pool, n, rng)


def _advantages(pool: Pool) -> Float[Tensor, " M"]:
    """By how much each modality's head beats the fused one on the labelled set, in accuracy."""
    rows = pool.labelled
    fused = pool.probabilities[rows].argmax(dim=1) == pool.labels
    found = []
    for m, name in enumerate(pool.names):
        there = pool.observed[rows, m]
        own = pool.unimodal_probabilities[name][rows].argmax(dim=1) == pool.labels
        gain = (own[there].float() - fused[there].float()).sum()
        found.append(gain / there.sum().clamp(min=1))
    return torch.stack(found)


def _min_max(values: Float[Tensor, " U"], there: Bool[Tensor, " U"]) -> Float[Tensor, " U"]:
    """From 0 to 1 among those that are there, 0 for the others and where all are equal."""
    if not there.any():
        return torch.zeros_like(values)
    low, high = values[there].min(), values[there].max()
    span = torch.where(high > low, high - low, 1.0)
    return torch.where(there, (values - low) / span, 0.0)


def _distance_from_centres(
    points: Float[Tensor, "U D"], clusters: int, rng: np.random.Generator
) -> Float[Tensor, " U"]:
    """Euclidean distance from the nearest centre of a short k-means (Arthur & Vassilvitskii)."""
    chosen = [int(rng.integers(len(points)))]
    nearest = torch.full_like(points[:, 0], torch.inf)
    while len(chosen) < clusters:
        apart = (points - points[chosen[-1]]).square().sum(dim=1)
        nearest = torch.minimum(nearest, apart)
        cumulative = nearest.double().cumsum(dim=0)
        if not cumulative[-1] > 0:
            break  # fewer different points than clusters
        place = torch.searchsorted(cumulative, cumulative[-1] * rng.random(), right=True)
        chosen.append(int(place.clamp(max=len(points) - 1)))
    centres = points[chosen]
    for _ in range(ITERATIONS):
        assigned = _distances(points, centres).argmin(dim=1)
        sizes = torch.bincount(assigned, minlength=len(centres))
        sums = torch.zeros_like(centres).index_add(0, assigned, points)
        centres = torch.where(sizes[:, None] > 0, sums / sizes.clamp(min=1)[:, None], centres)
    return _distances(points, centres).amin(dim=1)


def _distances(points: Float[Tensor, "U D"], centres: Float[Tensor, "K D"]) -> Float[Tensor, "U K"]:
    """Exact, where the short cut over products loses the small ones."""
    return torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist")
