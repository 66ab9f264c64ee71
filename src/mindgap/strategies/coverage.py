"""Generalised coverage, and the batch that raises it most, one by one (Bae et al. 2024).

The coverage of a pool by its labelled and chosen samples S is, with the weights of Bae et al. 2025,

    C(S) = 1/N sum_n w_n m_n,   m_n = max_{s in S} k(x_n, x_s),   0 <= k <= k(x, x) = 1,

and choosing x raises it by 1/N sum_n w_n [k(x_n, x) - m_n]_+. All N x N values of the kernel are
computed once, a block at a time, and none is kept. A choice then changes m_n only where it covers
better than all before, and only these samples' part of every gain is corrected.

Where two candidates are all that is left for each other their gains are equal, since k(x, y) is
k(y, x). So that rounding doesn't decide there, gains closer than its errors count as equal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, argmax

#: From cosines to the kernel's values; may overwrite what it is given.
Kernel = Callable[[Tensor], Tensor]

#: Sides of the blocks of kernel values: 1 MB in float32, which a core's cache holds.
ROWS, COLUMNS = 256, 1024
#: Gains closer than this, as a fraction of the largest one at the start, are equal.
ROUNDING = 1e-6
#: A sample that is covered by no more than this better counts as covered as well as before.
NEGLIGIBLE = 1e-10


def unit(points: Float[Tensor, "N D"]) -> Float[Tensor, "N _D"]:
    """Points seen from their mean, scaled to length one; the mean has a direction of its own."""
    centred = points - points.mean(dim=0)
    length = centred.norm(dim=1, keepdim=True)
    nowhere = length == 0
    directions = centred / torch.where(nowhere, 1.0, length)
    return torch.cat([directions, nowhere.float()], dim=1) if nowhere.any() else directions


def greedy(
    points: Float[Tensor, "N D"],
    weights: Float[Tensor, " N"],
    kernel: Kernel,
    pool: Pool,
    n: int,
    rng: np.random.Generator,
) -> Selection:
    """Choose `n` candidates, each the one that raises coverage most; the scores are the gains.

    Args:
        points: of length one, so that their products are cosines.
        weights: not negative, of every sample of the pool.
        kernel: never falls with the cosine.
    """
    candidates = points[pool.candidates]
    covered = _nearest(points, kernel, pool.labelled)
    open_ = ((covered < 1) & (weights > 0)).nonzero()[:, 0]
    gains = _gains(candidates, points[open_], kernel, weights[open_], covered[open_])
    rounding = ROUNDING * gains.amax() if n else 0.0
    chosen = torch.empty(n, dtype=torch.int64, device=points.device)
    scores = torch.empty(n, device=points.device)
    for i in range(n):
        pick = argmax(gains.clamp(max=gains.amax() - rounding), rng)
        row = pool.candidates[pick]
        chosen[i], scores[i] = row, (gains[pick] / len(points)).clamp(min=0)
        now = kernel(points @ points[row])
        now[row] = 1
        better = ((now > covered + NEGLIGIBLE) & (weights > 0)).nonzero()[:, 0]
        gains -= _gains(
            candidates, points[better], kernel, weights[better], covered[better], now[better]
        )
        gains[pick] = -torch.inf
        covered[better] = now[better]
    return Selection(chosen, scores)


def _nearest(
    points: Float[Tensor, "N D"], kernel: Kernel, labelled: Int[Tensor, " n"]
) -> Float[Tensor, " N"]:
    """The largest value of the kernel with a labelled sample, 0 if there is none."""
    nearest = torch.zeros(len(points), dtype=points.dtype, device=points.device)
    for rows in labelled.split(ROWS) if len(labelled) else ():
        centres = points[rows]
        for start in range(0, len(points), COLUMNS):
            part = nearest[start : start + COLUMNS]
            values = kernel(centres @ points[start : start + COLUMNS].T)
            torch.maximum(part, values.amax(dim=0), out=part)
    nearest[labelled] = 1
    return nearest


def _gains(
    candidates: Float[Tensor, "U D"],
    points: Float[Tensor, "n D"],
    kernel: Kernel,
    weights: Float[Tensor, " n"],
    low: Float[Tensor, " n"],
    high: Float[Tensor, " n"] | None = None,
) -> Float[Tensor, " U"]:
    """sum_n w_n [min(k(x_n, x), high_n) - low_n]_+ of every candidate x; high is 1 if not given."""
    gains = torch.zeros(len(candidates), dtype=torch.float64, device=candidates.device)
    memory = torch.empty(ROWS * COLUMNS, dtype=points.dtype, device=points.device)
    for start in range(0, len(points), COLUMNS):
        columns = slice(start, start + COLUMNS)
        turned = points[columns].T.contiguous()
        width = turned.shape[1]
        rise = None if high is None else high[columns] - low[columns]
        for first in range(0, len(candidates), ROWS):
            rows = candidates[first : first + ROWS]
            block = memory[: len(rows) * width].view(len(rows), width)
            values = kernel(torch.mm(rows, turned, out=block)).sub_(low[columns]).relu_()
            if rise is not None:
                torch.minimum(values, rise, out=values)
            gains[first : first + ROWS] += values @ weights[columns]
    return gains
