"""What stands for missing modalities: those of the nearest samples that have them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from mindgap.strategies.base import Pool
from mindgap.strategies.gap_coreset import blocks

#: Candidates compared with the whole pool at a time.
CHUNK = 256


def imputations(
    pool: Pool, donors: int, rng: np.random.Generator
) -> Iterator[tuple[Int[Tensor, " c"], Int[Tensor, "c K M"]]]:
    """The incomplete candidates in chunks: their places in `pool.candidates`, and K ways to
    complete each, as the row that every modality is read from.

    A donor gives all that it has of what is missing, so that these values belong together. Donors
    with more of it come first, then the nearest ones: by the mean squared distance over the
    modalities that both have, scaled as in `gap_coreset`; those that share none come last, in an
    order drawn from `rng`, as equal ones do. What no donor has stays missing. K is `donors`, or as
    many as have anything to give; a candidate for whom nobody has is left out.
    """
    order = torch.from_numpy(rng.permutation(len(pool.observed))).to(pool.observed.device)
    parts = blocks(pool)
    points = torch.cat([parts[name] for name in pool.names], dim=1)
    norms = torch.stack([parts[name].square().sum(dim=1) for name in pool.names], dim=1)
    there = pool.observed.to(points.dtype)
    # one product gives the sum of squared distances over common modalities, as in `gap_coreset`
    left = torch.cat([-2 * points, norms, there], dim=1)
    right = torch.cat([points, there, norms], dim=1)
    patterns, pattern = pool.observed[pool.candidates].unique(dim=0, return_inverse=True)
    for p, shown in enumerate(patterns):
        gives = (pool.observed[order] & ~shown).sum(dim=1)
        most = gives.sort(descending=True).values[:donors]
        most = most[most > 0]
        if len(most) == 0:
            continue
        giving = order[gives >= most[-1]]
        first = gives[gives >= most[-1]] > most[-1]  # fewer than `donors`: all of them are taken
        common = there[giving] @ shown.to(there.dtype)
        for places in (pattern == p).nonzero()[:, 0].split(CHUNK):
            rows = pool.candidates[places]
            apart = (left[rows] @ right[giving].T).clamp_(min=0).div_(common)
            apart[:, common == 0] = torch.inf
            apart[:, first] = -1.0
            nearest = giving[apart.topk(len(most), largest=False).indices]
            taken = ~shown & pool.observed[nearest]
            yield places, torch.where(taken, nearest[:, :, None], rows[:, None, None])
