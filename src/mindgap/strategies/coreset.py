"""Core-set selection by k-centre greedy (Sener & Savarese 2018, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy, argmax

#: Labelled rows and candidates compared at a time: few enough distances for a core's cache.
CHUNK = 256

#: Candidates among which the farthest is sought before all of them are looked at again.
SHORTLIST = 512


@dataclass(frozen=True)
class Coreset(Strategy):
    """The candidate farthest from all that is chosen, again and again (Sener & Savarese 2018).

    The next is argmax_u min_s |z_u - z_s|, over candidates u and all s labelled or chosen.
    Distances are Euclidean between the concatenated unimodal embeddings. Each modality's block is
    centred and divided by its root mean squared distance from the centre, so that no modality
    decides alone by its width or scale: a departure from the paper, which has one modality. Where
    a modality is missing, its token stands in the block. The scores are the distances at which
    the samples were chosen. Code that measures from the chosen samples alone, and not from labelled
    ones too, buys again what is labelled already, and chooses otherwise.
    """

    cost = "O((L + b) N D)"

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = standardised(pool)
        squared = (points * points).sum(dim=1)
        candidates, norms = points[pool.candidates], squared[pool.candidates]
        first, others = pool.labelled[:CHUNK], pool.labelled[CHUNK:]
        # upper bounds of the distances, exact where there is nothing more to look at
        nearest = torch.full_like(norms, torch.inf)
        if len(first):
            nearest = _nearest(candidates, points[first], norms, squared[first])
        exact = torch.full_like(nearest, len(others) == 0, dtype=torch.bool)
        chosen: list[int] = []
        scores: list[float] = []
        while len(chosen) < min(n, len(candidates)):
            listed, most = _short_list(nearest)
            new = listed[~exact[listed]]
            if len(new):
                apart = _nearest(candidates[new], points[others], norms[new], squared[others])
                nearest[new] = torch.minimum(nearest[new], apart)
                exact[new] = True
            own = candidates[listed], norms[listed], nearest[listed]
            places, distances = _farthest(*own, most, n - len(chosen), rng)
            picks = listed[torch.tensor(places, dtype=torch.int64, device=listed.device)]
            chosen += picks.tolist()
            scores += distances
            if places and len(chosen) < n:
                apart = _nearest(candidates, candidates[picks], norms, norms[picks])
                nearest = torch.minimum(nearest, apart)
                nearest[picks] = -torch.inf
        return Selection(
            pool.candidates[torch.tensor(chosen, dtype=torch.int64, device=points.device)],
            torch.tensor(scores, device=points.device).clamp(min=0).sqrt(),
        )


def _short_list(bounds: Float[Tensor, " U"]) -> tuple[Int[Tensor, " k"], float]:
    """Candidates that may be the farthest, ascending, and what none of the others is beyond."""
    values, order = bounds.topk(min(SHORTLIST + 1, len(bounds)))
    most = values[SHORTLIST].item() if len(order) > SHORTLIST else -torch.inf
    if most == values[0]:  # all of the list are as far: so may others be
        return torch.arange(len(bounds), device=bounds.device), -torch.inf
    return order[:SHORTLIST].sort().values, most


def _farthest(
    points: Float[Tensor, "k D"],
    norms: Float[Tensor, " k"],
    nearest: Float[Tensor, " k"],
    most: float,
    n: int,
    rng: np.random.Generator,
) -> tuple[list[int], list[float]]:
    """Up to `n` picks among a short list, and their squared distances; none if all are near.

    A distance to what is chosen only ever falls, so the farthest of the short list is the
    farthest of all for as long as it is farther than whatever wasn't on the list to begin with.
    """
    picks: list[int] = []
    distances: list[float] = []
    while len(picks) < n and not nearest.max() <= most:
        pick = argmax(nearest, rng)
        picks.append(pick)
        distances.append(float(nearest[pick]))
        apart = (norms + norms[pick]).sub_(points @ points[pick], alpha=2)
        nearest = torch.minimum(nearest, apart)
        nearest[pick] = -torch.inf
    return picks, distances


def _nearest(
    points: Float[Tensor, "U D"],
    centres: Float[Tensor, "n D"],
    norms: Float[Tensor, " U"],
    norms_of_centres: Float[Tensor, " n"],
) -> Float[Tensor, " U"]:
    """Squared distance of every point to the nearest centre; the norms are squared too."""
    nearest = torch.full_like(norms, torch.inf)
    memory = torch.empty(CHUNK * CHUNK, device=points.device)
    for to, far in zip(centres.split(CHUNK), norms_of_centres.split(CHUNK), strict=True):
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
