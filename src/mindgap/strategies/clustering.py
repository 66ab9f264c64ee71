"""k-means at the speed of matrix products: greedy seeds (Arthur & Vassilvitskii 2007), Lloyd steps.

scikit-learn's `KMeans` draws its seeds one after the other, which takes most of its time where
there are hundreds; here the candidates for many seeds are measured in one product.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

#: Lloyd's steps end when one lowers the sum of squares by less than this fraction, or at the last.
TOLERANCE, STEPS = 5e-4, 100
#: Samples compared with all centres at a time, and most candidates for seeds measured at a time.
CHUNK, PROPOSED = 512, 128


def clusters(
    points: Float[Tensor, "N D"],
    k: int,
    rng: np.random.Generator,
    weights: Float[Tensor, " N"] | None = None,
) -> Int[Tensor, " N"]:
    """The cluster of every point, from 0 to `k` - 1; where points coincide some may be empty.

    Args:
        weights: not negative, of every point in the sum of squares and the means; 1 if None.
    """
    centres = points[seeds(points, min(k, len(points)), rng, weights)]
    weighted = points if weights is None else points * weights[:, None]
    total = float((points * weighted).sum(dtype=torch.float64))
    before = math.inf
    for _ in range(STEPS):
        nearest, gain = _assign(points, centres, weights)
        inertia = total - gain
        if before - inertia <= TOLERANCE * max(inertia, 0.0):  # rounding may leave it below
            break
        before = inertia
        centres = means(points, nearest, centres, weights)
    return nearest


def seeds(
    points: Float[Tensor, "N D"],
    k: int,
    rng: np.random.Generator,
    weights: Float[Tensor, " N"] | None = None,
) -> Int[Tensor, " k"]:
    """Greedy k-means++: of 2 + log k points drawn by D^2, the one that lowers the sum most.

    All points of a block are drawn by the distances at its start. Blocks are short while there
    are few seeds: a new one changes little where there are eight times as many already.
    """
    norms = (points * points).sum(dim=1)
    # [-2c, |c|^2] . [x, 1] = |x - c|^2 - |x|^2
    offset = torch.cat([points, torch.ones_like(norms)[:, None]], dim=1).T.contiguous()
    measure = torch.cat([-2 * points, norms[:, None]], dim=1)
    tries = 2 + int(math.log(k))
    chosen = torch.empty(k, dtype=torch.int64, device=points.device)
    chosen[0] = int(rng.integers(len(points)) if weights is None else _draw(weights, 1, rng))
    nearest = measure[chosen[0]] @ offset
    block = max(1, PROPOSED // tries)
    memory = torch.empty(block * tries, len(points), device=points.device)
    done = 1
    while done < k:
        steps = min(max(1, done // 8), block, k - done)
        squared = (nearest + norms).clamp(min=0)
        drawn = _draw(squared if weights is None else squared * weights, steps * tries, rng)
        apart = torch.mm(measure[drawn], offset, out=memory[: len(drawn)])
        for near, rows in zip(apart.split(tries), drawn.split(tries), strict=True):
            torch.minimum(near, nearest, out=near)
            pick = int((near.sum(dim=1) if weights is None else near @ weights).argmin())
            nearest, chosen[done] = near[pick], rows[pick]
            done += 1
        nearest = nearest.clone()  # the memory is written to again
    return chosen


def _draw(weights: Float[Tensor, " N"], count: int, rng: np.random.Generator) -> Int[Tensor, " n"]:
    """Places with probability proportional to their weights, uniform if all are zero."""
    cumulative = weights.cumsum(dim=0, dtype=torch.float64)
    if not cumulative[-1] > 0:
        cumulative = torch.ones_like(weights).cumsum(dim=0, dtype=torch.float64)
    thresholds = torch.from_numpy(rng.random(count)).to(weights.device) * cumulative[-1]
    return torch.searchsorted(cumulative, thresholds, right=True).clamp(max=len(weights) - 1)


def _assign(
    points: Float[Tensor, "N D"],
    centres: Float[Tensor, "k D"],
    weights: Float[Tensor, " N"] | None,
) -> tuple[Int[Tensor, " N"], float]:
    """The nearest centre of every point, and the sum over points of w (|x|^2 - |x - c|^2)."""
    bias, turned = -0.5 * (centres * centres).sum(dim=1), centres.T.contiguous()
    memory = torch.empty(min(CHUNK, len(points)), len(centres), device=points.device)
    parts, gain = [], 0.0
    heavy = np.ones(len(points), np.float32) if weights is None else weights.cpu().numpy()
    for i, chunk in enumerate(points.split(CHUNK)):
        near = torch.addmm(bias, chunk, turned, out=memory[: len(chunk)]).cpu().numpy()
        nearest = near.argmax(axis=1)  # ten times as fast as torch's
        own = near[np.arange(len(near)), nearest] * heavy[i * CHUNK : i * CHUNK + len(near)]
        gain += 2 * float(own.sum(dtype=np.float64))
        parts.append(torch.from_numpy(nearest))
    return torch.cat(parts).to(points.device), gain


def means(
    points: Float[Tensor, "N D"],
    nearest: Int[Tensor, " N"],
    centres: Float[Tensor, "k D"],
    weights: Float[Tensor, " N"] | None = None,
) -> Float[Tensor, "k D"]:
    """The mean of every cluster; an empty one, or one without weight, keeps its centre."""
    weighted = points if weights is None else points * weights[:, None]
    mass = nearest.bincount(weights, minlength=len(centres)).to(points.dtype)[:, None]
    sums = torch.zeros_like(centres).index_add_(0, nearest, weighted)
    return torch.where(mass > 0, sums / torch.where(mass > 0, mass, 1.0), centres)
