"""k-centre greedy over what two samples have in common (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies import farthest
from mindgap.strategies.base import Pool, Selection, Strategy


@dataclass(frozen=True)
class GapCoreset(Strategy):
    """`coreset` with distances over the modalities that both samples have (ours).

    d^2(x, x') = M/|S| sum over m in S of |z_m - z'_m|^2, S being the modalities observed in both
    and M all there are: a missing modality counts as far as the others on average, where `coreset`
    compares stand-ins and sees incomplete samples as a cluster of their own. Each modality's
    embedding is centred and scaled as there, by those who have it. Two samples that share nothing
    are infinitely far: neither says anything about the other. The scores are squared distances.
    """

    group = "multimodal"
    cost = "O((L + b) N D)"

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        parts = blocks(pool)
        points = torch.cat([parts[name] for name in pool.names], dim=1)
        norms = torch.stack([parts[name].square().sum(dim=1) for name in pool.names], dim=1)
        there = pool.observed.to(points.dtype)
        # rows are [x, |x_m|^2, o_m]: one product gives the sum over common modalities
        left = torch.cat([-2 * points, norms, there], dim=1)[pool.candidates]

        def apart(rows: Int[Tensor, " c"]) -> Float[Tensor, "U c"]:
            right = torch.cat([points[rows], there[rows], norms[rows]], dim=1)
            common = there[pool.candidates] @ there[rows].T
            squared = (left @ right.T).clamp(min=0) * len(pool.names) / common
            return torch.where(common > 0, squared, torch.inf)

        return farthest.first(apart, pool, n, rng)


def blocks(pool: Pool) -> dict[str, Float[Tensor, "N _D_m"]]:
    """Each modality centred, its mean squared norm one, by those who have it; zero elsewhere."""
    found = {}
    for m, name in enumerate(pool.names):
        there = pool.observed[:, m]
        own = pool.unimodal_embeddings[name]
        centred = own - own[there].mean(dim=0) if there.any() else own
        centred = torch.where(there[:, None], centred, 0.0)
        scale = (centred.square().sum() / there.sum().clamp(min=1)).sqrt()
        found[name] = centred / torch.where(scale > 0, scale, 1.0)
    return found
