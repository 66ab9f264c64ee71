"""Core-set selection by k-centre greedy (Sener & Savarese 2018, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy, argmax

#: Labelled rows and candidates compared at a time: few enough distances for a core's cache.
CHUNK = 256


@dataclass(frozen=True)
class Coreset(Strategy):
    """The candidate farthest from all that is chosen, again and again (Sener & Savarese 2018).

    Distances are Euclidean between the concatenated unimodal embeddings. Each modality's block is
    centred and divided by its root mean squared distance from the centre, so that no modality
    decides alone by its width or scale: a departure from the paper, which has one modality. Where
    a modality is missing, its token stands in the block. The scores are the distances at which
    the samples were chosen.
    """

    cost = "O((L + b) N D)"

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = standardised(pool)
        squared = (points * points).sum(dim=1)
        candidates, norms = points[pool.candidates], squared[pool.candidates]
        nearest = torch.full_like(norms, torch.inf)
        if len(pool.labelled):
            nearest = _nearest(candidates, points[pool.labelled], norms, squared[pool.labelled])
        chosen = torch.empty(n, dtype=torch.int64, device=points.device)
        scores = torch.empty(n, device=points.device)
        for i in range(n):
            pick = argmax(nearest, rng)
            chosen[i] = pick
            scores[i] = nearest[pick].clamp(min=0).sqrt()
            apart = (norms + norms[pick]).sub_(candidates @ candidates[pick], alpha=2)
            nearest = torch.minimum(nearest, apart)
            nearest[pick] = -torch.inf
        return Selection(pool.candidates[chosen], scores)


def _nearest(
    points: Float[Tensor, "U D"],
    centres: Float[Tensor, "n D"],
    norms: Float[Tensor, " U"],
    others: Float[Tensor, " n"],
) -> Float[Tensor, " U"]:
    """Squared distance of every point to the nearest centre; the norms are squared too."""
    nearest = torch.full_like(norms, torch.inf)
    memory = torch.empty(CHUNK * CHUNK, device=points.device)
    for to, far in zip(centres.split(CHUNK), others.split(CHUNK), strict=True):
        turned = to.T.contiguous()
        for start in range(0, len(points), CHUNK):
            rows = slice(start, start + CHUNK)
            own = norms[rows, None]
            apart = torch.add(own, far, out=memory[: len(own) * len(to)].view(len(own), len(to)))
            apart.addmm_(points[rows], turned, alpha=-2)
            nearest[rows] = torch.minimum(nearest[rows], apart.amin(dim=1))
    return nearest


def standardised(pool: Pool) -> Float[Tensor, "N D"]:
    """All modalities side by side, each centred and with a mean squared norm of one.

    Centring also keeps float32 distances exact enough to order them.
    """
    blocks = []
    for embedding in pool.unimodal_embeddings.values():
        centred = embedding - embedding.mean(dim=0)
        scale = (centred * centred).sum(dim=1).mean().sqrt()
        blocks.append(centred / torch.where(scale > 0, scale, 1.0))
    return torch.cat(blocks, dim=1)
