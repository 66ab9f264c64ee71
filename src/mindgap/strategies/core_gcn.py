"""CoreGCN: a core-set among the features of a graph network (Caramalau et al. 2021).

The nodes are the labelled samples and the candidates, x_i their embeddings of length one. With
A = X X' - diag(|x_i|^2), d its sums over columns and S = A diag(1 / d) + 1, two layers tell
labelled from unlabelled nodes (arXiv 2006.10219, section 3):

    H = relu(S X W_1 + b_1),   f = sigmoid(S dropout(H) W_2 + b_2),
    loss = -1/|L| sum_L log f - lambda/|U| sum_U log(1 - f).

S has all pairs of nodes but its products need none: S Y = X (X' (Y / d)) - |x|^2 Y / d + Y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import logsigmoid, normalize

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
        features = self.features(nodes(same.pool), same.pool, auxiliary.seeded(rng))[same.twin]
        left = features[same.pool.candidates]

        def apart(rows: Int[Tensor, " c"]) -> Float[Tensor, "U c"]:
            # exactly zero between equals, which the short cut over products is not
            return torch.cdist(left, features[rows], compute_mode="donot_use_mm_for_euclid_dist")

        found = farthest.first(apart, same.pool, n, rng)
        return Selection(same.rows[found.rows], found.scores)

    def features(
        self, points: Float[Tensor, "N D"], pool: Pool, chance: torch.Generator
    ) -> Float[Tensor, "N W_plus_1"]:
        """Hidden features and logit of every node, after training."""
        graph = Graph(points)
        mixed = graph.mix(points)
        first = 1 / self.width**0.5
        weights = [
            auxiliary.uniform((points.shape[1], self.width), first, chance, points),
            auxiliary.uniform((self.width,), first, chance, points),
            auxiliary.uniform((self.width, 1), 1.0, chance, points),
            auxiliary.uniform((1,), 1.0, chance, points),
        ]
        optimiser = auxiliary.Adam(weights, self.rate, self.decay)
        with torch.enable_grad():
            for _ in range(self.steps):
                hidden, output = _forward(mixed, graph, weights, self.dropout, chance)
                labelled, others = output[pool.labelled], output[pool.candidates]
                loss = -logsigmoid(labelled).sum() / max(1, len(labelled))
                loss = loss - self.weight * logsigmoid(-others).sum() / max(1, len(others))
                optimiser.descend(loss)
        with torch.no_grad():
            hidden, output = _forward(mixed, graph, weights, 0.0, chance)
            return torch.cat([hidden, output], dim=1)


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


def nodes(pool: Pool) -> Float[Tensor, "N D"]:
    """Embeddings without a sign, of length one; all modalities count as much."""
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        scale = (embedding * embedding).sum(dim=1).mean().sqrt()
        block = embedding / torch.where(scale > 0, scale, 1.0)
        parts = torch.cat([block.clamp(min=0), (-block).clamp(min=0)], dim=1)
        blocks.append(parts[:, (parts != 0).any(dim=0)])
    return normalize(torch.cat(blocks, dim=1))


def _forward(
    mixed: Float[Tensor, "N D"],
    graph: Graph,
    weights: list[Tensor],
    dropout: float,
    chance: torch.Generator,
) -> tuple[Float[Tensor, "N W"], Float[Tensor, "N 1"]]:
    """Hidden features, and the logit of being labelled; `mixed` is S X."""
    hidden = torch.relu(torch.addmm(weights[1], mixed, weights[0]))
    if dropout:
        kept = torch.rand(hidden.shape, generator=chance).to(hidden.device) >= dropout
        hidden = hidden * kept / (1 - dropout)
    return hidden, graph.mix(hidden @ weights[2]) + weights[3]
