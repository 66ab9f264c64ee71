"""CoreGCN: a core-set among the features of a graph network (Caramalau et al. 2021).

The nodes are the labelled samples and the candidates, x_i their embeddings of length one. With
A = X X' - diag(|x_i|^2), d its sums over columns and S = A diag(1 / d) + 1, two layers tell
labelled from unlabelled nodes (arXiv 2006.10219, section 3):

    H = relu(S X W_1 + b_1),   f = sigmoid(S dropout(H) W_2 + b_2),
    loss = -1/|L| sum_L log f - lambda/|U| sum_U log(1 - f).

S has all pairs of nodes but its products need none: S Y = X (X' (Y / d)) - |x|^2 Y / d + Y, and
S' Y = (X (X' Y) - |x|^2 Y) / d + Y. With g = d loss / d (S H W_2) the gradients are

    dW_2 = H' S' g,   dW_1 = (S X)' G,   G_ij = (S' g)_i W_2j [H_ij > 0],

and G, which is as large as H, is never made: W_2 is taken out of the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import normalize

from mindgap.strategies import auxiliary, farthest
from mindgap.strategies.base import Pool, Selection, Strategy

#: Sums of similarities below this are those of a node that is like no other.
ALONE = 1e-9


@dataclass(frozen=True)
class CoreGcn(Strategy):
    """k-centre greedy among a graph network's view of what is labelled (Caramalau et al. 2021).

    The network learns to tell labelled from unlabelled samples (see the module). Each sample is
    then its hidden features H and its logit, side by side, as in the authors' code, and the
    candidate farthest from all that is labelled or chosen is taken again and again. The scores are
    the distances at which they were chosen.

    The authors hold S as a matrix, among 10,000 random samples; here it is the same S, without the
    matrix and among all. Their features are never negative and neither are their similarities;
    here each is split into its positive and its negative part, which keeps them so. The features
    are all modalities' embeddings, a missing one's token included, each modality divided by its
    root mean squared length so that none decides alone.

    Attributes:
        steps: of Adam, over the whole graph.
        width: hidden features.
        weight: lambda, of the unlabelled samples in the loss.
        dropout: share of hidden features that are left out of a step.
        rate: learning rate.
        decay: weight decay.
    """

    cost = "O(T N D W + (L + b) N W) for T steps, width W"

    steps: PositiveInt = 200
    width: PositiveInt = 128
    weight: NonNegativeFloat = 1.2
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    rate: PositiveFloat = 1e-3
    decay: NonNegativeFloat = 5e-4

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        if n == 0:
            return Selection(pool.candidates[:0], torch.zeros(0, device=pool.candidates.device))
        same = auxiliary.arranged(pool, self.requires())
        features = self.features(nodes(same.pool), same.pool, rng)[same.twin]
        left = features[same.pool.candidates]

        def apart(rows: Int[Tensor, " c"]) -> Float[Tensor, "U c"]:
            # exactly zero between equals, which the short cut over products is not
            return torch.cdist(left, features[rows], compute_mode="donot_use_mm_for_euclid_dist")

        found = farthest.first(apart, same.pool, n, rng)
        return Selection(same.rows[found.rows], found.scores)

    def features(
        self, points: Float[Tensor, "N D"], pool: Pool, rng: np.random.Generator
    ) -> Float[Tensor, "N W_plus_1"]:
        """Hidden features and logit of every node, after training."""
        graph, chance = Graph(points), auxiliary.seeded(rng)
        mixed = torch.cat([graph.mix(points), torch.ones_like(points[:, :1])], dim=1)
        inside = self.width**-0.5
        first = auxiliary.uniform((mixed.shape[1], self.width), inside, chance, points)
        second = auxiliary.uniform((self.width, 1), 1.0, chance, points)
        bias = auxiliary.uniform((1,), 1.0, chance, points)
        optimiser = auxiliary.Adam([first, second, bias], self.rate, self.decay)
        labelled, others = pool.labelled, pool.candidates
        slope = torch.empty_like(points[:, :1])  # of the loss in the logits
        for _ in range(self.steps):
            hidden = (mixed @ first).relu_()
            scale = _drop(hidden, self.dropout, rng)
            f = torch.sigmoid(graph.mix(hidden @ (second * scale)) + bias)
            slope[labelled] = (f[labelled] - 1) / max(1, len(labelled))
            slope[others] = self.weight * f[others] / max(1, len(others))
            back = graph.mix_back(slope)
            deeper = ((mixed * back).T @ hidden.sign()) * (second.T * scale)
            optimiser.step([deeper, hidden.T @ back * scale, slope.sum(dim=0)])
        hidden = (mixed @ first).relu_()
        return torch.cat([hidden, graph.mix(hidden @ second) + bias], dim=1)


class Graph:
    """S, by its products."""

    def __init__(self, points: Float[Tensor, "N D"]) -> None:
        self.points = points
        exact = points.double()
        self.own = (exact * exact).sum(dim=1)
        total = exact @ exact.sum(dim=0) - self.own
        self.share = torch.where(total > ALONE, 1 / total, 0.0).to(points.dtype)[:, None]
        self.own = self.own.to(points.dtype)[:, None]

    def mix(self, values: Float[Tensor, "N W"]) -> Float[Tensor, "N W"]:
        """S times the values."""
        shared = values * self.share
        return self.points @ (self.points.T @ shared) - self.own * shared + values

    def mix_back(self, values: Float[Tensor, "N W"]) -> Float[Tensor, "N W"]:
        """S' times the values."""
        seen = self.points @ (self.points.T @ values) - self.own * values
        return seen * self.share + values


def nodes(pool: Pool) -> Float[Tensor, "N D"]:
    """Embeddings without a sign, of length one; all modalities count as much."""
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        scale = (embedding * embedding).sum(dim=1).mean().sqrt()
        block = embedding / torch.where(scale > 0, scale, 1.0)
        parts = torch.cat([block.clamp(min=0), (-block).clamp(min=0)], dim=1)
        blocks.append(parts[:, (parts != 0).any(dim=0)])
    return normalize(torch.cat(blocks, dim=1))


def _drop(hidden: Float[Tensor, "N W"], share: float, rng: np.random.Generator) -> float:
    """Set a share of the features to zero, in place; by what the others are to be multiplied.

    Sixteen bits decide on each, a fifth of the time that drawing floating-point numbers takes.
    """
    if not share:
        return 1.0
    words = rng.integers(2**64, size=-(-hidden.numel() // 4), dtype=np.uint64)
    kept = words.view(np.uint16)[: hidden.numel()] >= round(share * 2**16)
    hidden.mul_(torch.from_numpy(kept.reshape(hidden.shape)).to(hidden))
    return 1 / (1 - share)
