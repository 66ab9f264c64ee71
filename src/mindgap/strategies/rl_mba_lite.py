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

    RL-MBA lets a policy choose among the kappa n samples with the largest score, see `rl_mba`. This
    is the score alone, and the n largest of it. It is written after a summary of the paper, which
    has no public code:

    1. AMCB: Delta_m = Top1_m - Top1_fused, w = softmax(Delta / temperature), and the fused feature
       f = sum_m w_m z_m. A modality whose head is already better gets *more* weight.
    2. EFDA: a head is a Dirichlet distribution with alpha_m = 1 + evidence; u_m is the mean over
       classes of Var[p_c] = a_c (a_0 - a_c) / (a_0^2 (a_0 + 1)).
    3. q = sum_m w_m u~_m + diversity * d~, with d the distance of f from the nearest centre of a
       k-means++ with n clusters and at most 5 iterations, and ~ min-max over the candidates.
    4. The n largest q.

    The accuracies of step 1 are those on the budget's validation labels, as in the paper. Where it
    has none they are those on the labelled set: the heads were trained on these labels, so all
    accuracies are too high and their differences too small; a model that fits its labels perfectly
    gives equal weights.

    Departures, since there is nothing else to be had here. The heads are softmax heads, which state
    no evidence: here it is s p_m with the same s for every sample; then u_m is 1 - sum_c p_m,c^2 up
    to a factor and an offset, which cancel in the min-max. The fused Dirichlet of step 2 has no
    place in step 3 as the summary gives it. Temperature and weight of the diversity are unknown; 1
    is ours. The optional floor of the weights is left out.

    Gaps: a modality's accuracies are compared on those of the samples that have it (Delta_m = 0
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
        if n == 0:
            return best(torch.zeros(len(pool.candidates)), pool, n, rng)
        terms, weights = scored(pool, n, self.temperature, rng)
        return best(score(terms, weights, self.diversity), pool, n, rng)


def scored(
    pool: Pool, n: int, temperature: float, rng: np.random.Generator
) -> tuple[Float[Tensor, "U M_plus_1"], Float[Tensor, "U M"]]:
    """What the score of every candidate is made of, each term from 0 to 1, and its weights.

    Returns:
        u~ of each modality (0 where it isn't observed), then d~; w of each modality.
    """
    rows = pool.candidates
    observed = pool.observed[rows]
    weights = torch.softmax(_advantages(pool) / temperature, dim=0) * observed
    weights = weights / weights.sum(dim=1, keepdim=True)
    width = max(z.shape[1] for z in pool.unimodal_embeddings.values())
    fused = torch.zeros(len(rows), width, device=rows.device)
    terms = torch.zeros(len(rows), len(pool.names) + 1, device=rows.device)
    for m, name in enumerate(pool.names):
        own = pool.unimodal_embeddings[name][rows]
        fused[:, : own.shape[1]] += weights[:, m, None] * own
        impurity = 1 - (pool.unimodal_probabilities[name][rows] ** 2).sum(dim=1)
        terms[:, m] = _min_max(impurity, observed[:, m])
    everyone = torch.ones_like(observed[:, 0])
    terms[:, -1] = _min_max(_distance_from_centres(fused, n, rng), everyone)
    return terms, weights


def score(
    terms: Float[Tensor, "U M_plus_1"], weights: Float[Tensor, "U M"], diversity: float
) -> Float[Tensor, " U"]:
    """q of every candidate."""
    return (weights * terms[:, :-1]).sum(dim=1) + diversity * terms[:, -1]


def _advantages(pool: Pool) -> Float[Tensor, " M"]:
    """By how much each modality's head beats the fused one, in accuracy."""
    held_out = len(pool.validation.rows) > 0
    rows, labels = pool.validation if held_out else (pool.labelled, pool.labels)
    fused = pool.probabilities[rows].argmax(dim=1) == labels
    found = []
    for m, name in enumerate(pool.names):
        there = pool.observed[rows, m]
        own = pool.unimodal_probabilities[name][rows].argmax(dim=1) == labels
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
